#include <fl_test.h>

#include "rbtree.h"

#define NODES 500

struct node {
    struct fl_block header;
    struct fl_tree_links links;
    struct fl_tree_maxima maxima;
    uint32_t pad;
};
_Static_assert(sizeof(struct node) == 32, "a node is two granules of 16");

static struct node nodes[NODES + 2];
static uint64_t visits;

static struct fl_tree tree_open(bool is_augmented)
{
    struct fl_tree tree;
    visits = 0;
    memset(nodes, 0, sizeof nodes);
    const struct fl_grid grid = {(char *)nodes, 4};
    fl_tree_init(&tree, &grid, offsetof(struct node, links), FL_POLICY_BIT(0),
                 is_augmented ? &visits : NULL);
    return tree;
}

/* Node `i` has number 2 * i and is entered by it, as blocks are by their address. */
static void tree_enter(struct fl_tree *tree, uint32_t i, uint32_t granules)
{
    const uint32_t number = 2 * i;
    uint32_t parent = 0;
    enum fl_side side = FL_LEFT;
    nodes[i].header = (struct fl_block){.granules = granules};
    for (uint32_t next = tree->root; next != 0; next = fl_tree_at(tree, next)->child[side]) {
        parent = next;
        side = number < next ? FL_LEFT : FL_RIGHT;
        uint32_t *known = &fl_tree_maxima(fl_tree_at(tree, next))->side[side];
        if (tree->is_augmented && *known < granules)
            *known = granules;
    }
    fl_tree_insert(tree, number, parent, side);
}

static void assert_sound(const struct fl_tree *tree, size_t count)
{
    uint32_t where = 0, before = 0;
    const char *fault = fl_tree_fault(tree, 2 * (NODES + 1), &where);
    if (fault != NULL)
        fail_msg("node %u: %s", where, fault);
    for (uint32_t number = fl_tree_first(tree); number != 0;
         number = fl_tree_next(tree, number)) {
        assert_true(number > before);
        before = number;
        count--;
    }
    assert_int_equal(count, 0);
}

static void rising_keys_leave_the_tree_balanced(void **state)
{
    (void)state;
    struct fl_tree tree = tree_open(false);
    for (uint32_t i = 1; i <= NODES; i++)
        tree_enter(&tree, i, 2);
    assert_sound(&tree, NODES);
}

static void every_removal_keeps_colours_and_maxima(void **state)
{
    (void)state;
    struct fl_tree tree = tree_open(true);
    /* 263 has no common divisor with 500: each node once, in no order. */
    for (uint32_t i = 0; i < NODES; i++)
        tree_enter(&tree, i * 263 % NODES + 1, 2 + i * 7 % 97);
    for (uint32_t i = 0; i < NODES; i++) {
        assert_sound(&tree, NODES - i);
        fl_tree_remove(&tree, 2 * (i * 199 % NODES + 1));
    }
    assert_int_equal(tree.root, 0);
}

static void replaced_node_carries_its_new_size_up(void **state)
{
    (void)state;
    struct fl_tree tree = tree_open(true);
    for (uint32_t i = 1; i <= NODES; i += 2)
        tree_enter(&tree, i, 5);
    nodes[201].header.granules = 900;
    fl_tree_replace(&tree, 402, 402);
    assert_int_equal(fl_tree_largest(&tree, tree.root), 900);
    nodes[202].header = (struct fl_block){.granules = 7};
    fl_tree_replace(&tree, 402, 404);
    assert_int_equal(fl_tree_largest(&tree, tree.root), 7);
    assert_sound(&tree, NODES / 2);
    assert_true(visits > 0);
}

static void fault_names_a_wrong_maximum(void **state)
{
    (void)state;
    struct fl_tree tree = tree_open(true);
    for (uint32_t i = 1; i <= 7; i++)
        tree_enter(&tree, i, i);
    uint32_t where = 0;
    nodes[7].header.granules = 100;
    assert_string_equal(fl_tree_fault(&tree, 100, &where),
                        "a node's largest size of a side is wrong");
}

static void fault_names_two_reds_and_lost_links(void **state)
{
    (void)state;
    struct fl_tree tree = tree_open(false);
    for (uint32_t i = 1; i <= 7; i++)
        tree_enter(&tree, i, 2);
    uint32_t where = 0;
    const uint32_t root = tree.root;
    fl_tree_block(&tree, root)->info |= tree.red;
    assert_non_null(fl_tree_fault(&tree, 100, &where));
    fl_tree_block(&tree, root)->info &= ~tree.red;
    fl_tree_at(&tree, root)->child[FL_LEFT] = 4000000;
    assert_string_equal(fl_tree_fault(&tree, 100, &where), "a link of the tree leads nowhere");
    assert_int_equal(where, root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rising_keys_leave_the_tree_balanced),
        cmocka_unit_test(every_removal_keeps_colours_and_maxima),
        cmocka_unit_test(replaced_node_carries_its_new_size_up),
        cmocka_unit_test(fault_names_a_wrong_maximum),
        cmocka_unit_test(fault_names_two_reds_and_lost_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

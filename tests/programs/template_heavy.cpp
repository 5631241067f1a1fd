// template_heavy: a source whose compilation allocates a lot. It is input for cc1plus, which the
// recorder is tried on, and is not linked into anything; no header is included, so that cc1plus
// can be run on it alone and does the same everywhere:
//
//     flrec -o t.zst -- $(g++ -print-prog-name=cc1plus) -quiet -O2 template_heavy.cpp -o /dev/null
//
// It sorts lists of types, multiplies matrices of constants and instantiates some thousand
// functions whose bodies the optimiser has to inline, unroll and merge.

typedef decltype(sizeof 0) Size;

template <int... Values> struct List {
    static constexpr Size size = sizeof...(Values);
};

template <class One, class Two> struct Join;
template <int... One, int... Two> struct Join<List<One...>, List<Two...>> {
    typedef List<One..., Two...> Result;
};

// A list of pseudo-random numbers, by a linear congruence.
template <unsigned Count, unsigned Seed, int... Values> struct Random {
    typedef typename Random<Count - 1, Seed * 1103515245u + 12345u, Values...,
                            int(Seed >> 16 & 1023)>::Result Result;
};
template <unsigned Seed, int... Values> struct Random<0, Seed, Values...> {
    typedef List<Values...> Result;
};

// Quicksort of a list (Hoare 1961): below the pivot, the pivot, the rest.
template <int Pivot, class Source, class Below = List<>, class Rest = List<>> struct Split;
template <int Pivot, int... Below, int... Rest>
struct Split<Pivot, List<>, List<Below...>, List<Rest...>> {
    typedef List<Below...> Low;
    typedef List<Rest...> High;
};
template <bool IsBelow, int Pivot, class Source, int Head, class Below, class Rest> struct Place;
template <int Pivot, class Source, int Head, int... Below, class Rest>
struct Place<true, Pivot, Source, Head, List<Below...>, Rest>
    : Split<Pivot, Source, List<Below..., Head>, Rest> {};
template <int Pivot, class Source, int Head, class Below, int... Rest>
struct Place<false, Pivot, Source, Head, Below, List<Rest...>>
    : Split<Pivot, Source, Below, List<Rest..., Head>> {};
template <int Pivot, int Head, int... Tail, class Below, class Rest>
struct Split<Pivot, List<Head, Tail...>, Below, Rest>
    : Place<(Head < Pivot), Pivot, List<Tail...>, Head, Below, Rest> {};

template <class Source> struct Sort;
template <> struct Sort<List<>> {
    typedef List<> Result;
};
template <int Pivot, int... Tail> struct Sort<List<Pivot, Tail...>> {
    typedef Split<Pivot, List<Tail...>> Parts;
    typedef typename Join<typename Sort<typename Parts::Low>::Result,
                          typename Join<List<Pivot>, typename Sort<typename Parts::High>::Result>::
                              Result>::Result Result;
};

template <int... Values> int sum(List<Values...>)
{
    return (0 + ... + Values);
}

// A small map with nodes from operator new, instantiated for many value types.
template <int Tag> struct Value {
    long parts[1 + Tag % 7];
    bool operator<(const Value &other) const { return parts[0] < other.parts[0]; }
};

template <class Key> struct Tree {
    struct Node {
        Key key;
        Node *below, *above;
    };
    Node *root = nullptr;

    void insert(const Key &key)
    {
        Node **at = &root;
        while (*at) {
            at = key < (*at)->key ? &(*at)->below : &(*at)->above;
        }
        *at = new Node{key, nullptr, nullptr};
    }

    template <class Visitor> void visit(Node *node, Visitor &&visitor) const
    {
        if (node) {
            visit(node->below, visitor);
            visitor(node->key);
            visit(node->above, visitor);
        }
    }

    void clear(Node *node)
    {
        if (node) {
            clear(node->below);
            clear(node->above);
            delete node;
        }
    }

    ~Tree() { clear(root); }
};

template <int Rows, int Columns> struct Matrix {
    double cells[Rows][Columns] = {};
};

template <int Rows, int Inner, int Columns>
Matrix<Rows, Columns> operator*(const Matrix<Rows, Inner> &one, const Matrix<Inner, Columns> &two)
{
    Matrix<Rows, Columns> product;
    for (int row = 0; row < Rows; row++) {
        for (int column = 0; column < Columns; column++) {
            for (int i = 0; i < Inner; i++) {
                product.cells[row][column] += one.cells[row][i] * two.cells[i][column];
            }
        }
    }
    return product;
}

template <int Tag> long use_tree(long seed)
{
    Tree<Value<Tag>> tree;
    for (int i = 0; i < 100; i++) {
        seed = seed * 6364136223846793005 + Tag;
        tree.insert(Value<Tag>{{seed}});
    }
    long total = 0;
    tree.visit(tree.root, [&](const Value<Tag> &value) { total += value.parts[0] ^ Tag; });
    return total;
}

template <int Tag> double use_matrix(double seed)
{
    Matrix<1 + Tag % 5, 2 + Tag % 3> one;
    Matrix<2 + Tag % 3, 1 + Tag % 4> two;
    one.cells[0][0] = seed;
    two.cells[0][0] = Tag;
    return (one * two).cells[0][0];
}

template <int Tag> int use_sort()
{
    typedef typename Random<40, 77 + Tag>::Result Numbers;
    return sum(typename Sort<Numbers>::Result());
}

template <int Tag> struct All {
    static long run(long seed)
    {
        return All<Tag - 1>::run(seed) + use_tree<Tag>(seed) + long(use_matrix<Tag>(double(seed))) +
               (Tag % 4 == 0 ? use_sort<Tag / 4>() : 0);
    }
};
template <> struct All<0> {
    static long run(long seed) { return seed; }
};

long everything(long seed)
{
    return All<100>::run(seed);
}

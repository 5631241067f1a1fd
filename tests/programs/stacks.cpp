// stacks: places that allocate what they are named for, so that a trace with call stacks can be held
// against what the program knows of itself. Prints one line for each: bytes, calls, function.
//
// The two plugins come to stand at the same addresses, one after the other, again and again; the
// threads call the same functions by ways of their own.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

namespace
{

constexpr int rounds = 20, threads = 4, pairs = 5000;

thread_local void *volatile kept; // what is stored there is not optimised away

[[gnu::noinline]] void leaf_malloc(std::size_t bytes)
{
    kept = std::malloc(bytes);
    std::free(kept);
}

[[gnu::noinline]] void leaf_new()
{
    int *made = new int[10];
    kept = made;
    delete[] made;
}

// Inlined into whoever calls it; its line is that of the call of calloc.
[[gnu::always_inline]] inline void leaf_inlined()
{
    kept = std::calloc(7, 11);
    std::free(kept);
}

[[gnu::noinline]] void way_through()
{
    leaf_inlined();
    kept = nullptr;
}

[[gnu::noinline]] void leaf_vector()
{
    std::vector<double> values;
    values.reserve(100);
    kept = values.data();
}

void thread_run()
{
    for (int i = 0; i < pairs; i++) {
        leaf_malloc(24);
        leaf_new();
    }
}

void plugin_use(const char *path, const char *name)
{
    void *library = dlopen(path, RTLD_NOW);
    if (!library) {
        std::fprintf(stderr, "%s\n", dlerror());
        std::exit(1);
    }
    auto run = reinterpret_cast<void (*)(void)>(dlsym(library, name));
    run();
    dlclose(library);
}

} // namespace

int main()
{
    for (int i = 0; i < rounds; i++) {
        plugin_use(PLUGIN_ONE, "plugin_run");
        plugin_use(PLUGIN_TWO, "plugin_run");
    }
    std::vector<std::thread> all;
    for (int i = 0; i < threads; i++)
        all.emplace_back(thread_run);
    for (auto &thread : all)
        thread.join();
    for (int i = 0; i < pairs; i++) {
        way_through();
        leaf_vector();
    }
    std::printf("%d %d leaf_malloc\n", threads * pairs * 24, threads * pairs);
    std::printf("%d %d leaf_new\n", threads * pairs * 40, threads * pairs);
    std::printf("%d %d leaf_inlined\n", pairs * 77, pairs);
    std::printf("%d %d leaf_vector\n", pairs * 800, pairs);
    std::printf("%d %d plugin_one\n", rounds * 1111, rounds);
    std::printf("%d %d plugin_two\n", rounds * 2222, rounds);
}

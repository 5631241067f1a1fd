// sized_delete: new and delete in each of their forms (plain, array, aligned, nothrow, sized), containers and
// exceptions. Prints sums that do not depend on addresses.
#include <cstdio>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

struct alignas(256) Wide {
    long value[40];
};

struct Base {
    virtual ~Base() = default;
    long first = 1;
};

struct Derived : Base {
    ~Derived() override = default;
    long more[100] = {2};
};

static long allocate(int i)
{
    if (i % 3 == 0)
        throw std::runtime_error(std::string(static_cast<std::size_t>(i), 'x'));
    std::unique_ptr<Base> base(new Derived);
    std::unique_ptr<Wide[]> wide(new Wide[3]());
    return base->first + static_cast<long>(reinterpret_cast<std::uintptr_t>(wide.get()) % 256);
}

int main()
{
    long sum = 0, thrown = 0;
    std::map<std::string, std::vector<int>> groups;
    for (int i = 0; i < 5000; i++) {
        groups[std::to_string(i % 100)].push_back(i);
        try {
            sum += allocate(i);
        } catch (const std::runtime_error &error) {
            thrown += static_cast<long>(std::string(error.what()).size());
        }
    }
    ::operator delete(::operator new(100), std::size_t{100});
    ::operator delete(::operator new(100, std::align_val_t{64}), std::size_t{100}, std::align_val_t{64});
    const bool is_refused = new (std::nothrow) char[static_cast<std::size_t>(-1) / 4] == nullptr;
    std::printf("%ld %ld %zu %d\n", sum, thrown, groups.size(), is_refused);
}

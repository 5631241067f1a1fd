#include <fl/opt.h>

/* Tells a fuzzer whether an input reached code, or went from code to code, as none before it.

   GCC's -fsanitize-coverage=trace-pc calls __sanitizer_cov_trace_pc() in every basic block. It has
   no guards, which are what libFuzzer (so atheris) counts by. This file is compiled without it. */

#include <stdint.h>
#include <string.h>

enum { EDGES = 1 << 14 };

static uint8_t hits[EDGES]; /* of this input */
static uint8_t seen[EDGES]; /* for each edge the magnitudes of its hits so far, a bit each */
static uintptr_t base, previous;

void __sanitizer_cov_trace_pc(void) {
    uintptr_t block = (uintptr_t)__builtin_return_address(0);
    if (!base)
        base = block; /* where the module is loaded is another place each time */
    block = (block - base) * 0x9E3779B1u >> 8;
    uint8_t *hit = &hits[(block ^ previous) % EDGES];
    *hit += *hit < UINT8_MAX;
    previous = block >> 1; /* so that there and back are two edges */
}

static uint8_t magnitude(uint8_t count) { return 1 << (31 - __builtin_clz(count)); }

/* Whether anything is new since the last call. */
int coverage_is_new(void) {
    int new = 0;
    for (int i = 0; i < EDGES; i++) {
        if (hits[i] && magnitude(hits[i]) & ~seen[i]) {
            seen[i] |= magnitude(hits[i]);
            new = 1;
        }
    }
    memset(hits, 0, sizeof hits);
    previous = 0;
    return new;
}

/* How many edges were reached so far. */
int coverage_edges(void) {
    int edges = 0;
    for (int i = 0; i < EDGES; i++)
        edges += seen[i] != 0;
    return edges;
}

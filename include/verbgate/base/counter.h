/*
 * A number that one thread changes and any thread may read while it does: a plain load and store for
 * the owner, without a locked instruction. The values of several counters that a reader sees are not from one
 * moment.
 */
#ifndef VERBGATE_BASE_COUNTER_H
#define VERBGATE_BASE_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

struct counter {
    _Atomic uint64_t value;
};

/* Any thread. */
static inline uint64_t counter_read(const struct counter *counter)
{
    return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

/* The owner only, as the two below. */
static inline void counter_add(struct counter *counter, uint64_t amount)
{
    uint64_t before = atomic_load_explicit(&counter->value, memory_order_relaxed);
    atomic_store_explicit(&counter->value, before + amount, memory_order_relaxed);
}

static inline void counter_increment(struct counter *counter)
{
    counter_add(counter, 1);
}

/* For numbers of what is there now, as the next one. */
static inline void counter_set(struct counter *counter, uint64_t value)
{
    atomic_store_explicit(&counter->value, value, memory_order_relaxed);
}

static inline void counter_decrement(struct counter *counter)
{
    counter_add(counter, UINT64_MAX);
}

#endif

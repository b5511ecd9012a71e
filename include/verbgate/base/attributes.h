/* Compiler attributes under short names. */
#ifndef VERBGATE_BASE_ATTRIBUTES_H
#define VERBGATE_BASE_ATTRIBUTES_H

/* The caller must look at the result: every function that can fail carries it. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* printf-like: the format is parameter number `text`, its arguments start at `first`. */
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

/* The rare way of a function that runs for each field or request: kept out of it, the usual way saves no
 * registers for it. */
#define RARE __attribute__((cold, noinline))

#define LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

#endif

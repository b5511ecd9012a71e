/*
 * What happens when memory is short: each allocation of the proxy fails once, in turn. The linker
 * hands this program's calls of malloc and its kin to the functions here (--wrap); libuv's own are
 * left alone, because libuv ends the process for some of them.
 */
#include <criterion/criterion.h>

#include "../proxy/exchange_scripts.h"

#include <stdlib.h>

static bool is_counting;
static unsigned allocations;
static unsigned failing_allocation; /* from 1; 0: none */
static long blocks;                 /* that are out */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);

static bool must_fail(void)
{
    return is_counting && ++allocations == failing_allocation;
}

static void *counted(void *block)
{
    blocks += is_counting && block != NULL ? 1 : 0;
    return block;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size)
{
    if (must_fail()) {
        return NULL;
    }
    return block == NULL ? counted(__real_realloc(NULL, size)) : __real_realloc(block, size);
}

void __wrap_free(void *block)
{
    blocks -= is_counting && block != NULL ? 1 : 0;
    __real_free(block);
}

/* Carries the script on as far as it goes: the client's end, or the script's, ends it. */
static void run_as_far_as_possible(const struct script *script)
{
    bool may_backend_have_ended = false;
    for (const struct step *step = script->steps; step->action != SCRIPT_END; step++) {
        may_backend_have_ended |= step->action == BACKEND_SEES_END;
        if (gateway.client.has_ended || (gateway.backend.has_ended && !may_backend_have_ended)) {
            return;
        }
        bool waits_for_client = step->action == CLIENT_GETS || step->action == CLIENT_SEES_END;
        bool waits =
            waits_for_client || step->action == BACKEND_GETS || step->action == BACKEND_SEES_END;
        bool needs_backend = step->action == BACKEND_SENDS;
        if (needs_backend && gateway.backend.descriptor < 0) {
            return;
        }
        if (!waits) {
            (void)script_step(step);
        }
        struct end *end = waits_for_client ? &gateway.client : &gateway.backend;
        struct end_wish wish = {end, step->text};
        uint64_t limit = uv_hrtime() + GATEWAY_WAIT_SECONDS * (uint64_t)1000000000;
        while (waits && !fixture_is_fulfilled(&wish) && !gateway.client.has_ended &&
               gateway.records < script->records && uv_hrtime() < limit) {
            gateway_turn();
        }
        cr_assert(uv_hrtime() < limit, "%s: allocation %u: nothing goes on", script->name,
                  failing_allocation);
    }
}

static bool is_answered_or_ended(const void *context)
{
    const struct script *script = context;
    return gateway.client.has_ended || gateway.records >= script->records;
}

/* Returns whether the failing allocation was reached. */
static bool run_with_failure(const struct script *script, const char *settings, unsigned failing)
{
    gateway_prepare(settings);
    struct policy *policy = gateway.policy;
    policy_reference(policy); /* its end is not counted, as its beginning was not */
    blocks = 0;
    allocations = 0;
    failing_allocation = failing;
    is_counting = true;
    if (gateway_try_proxy()) {
        gateway_connect();
        run_as_far_as_possible(script);
        cr_assert(gateway_wait(is_answered_or_ended, script), "%s: allocation %u", script->name,
                  failing);
        cr_assert(gateway.client.length > 0 || end_is_ended(&gateway.client),
                  "%s: allocation %u: neither answer nor end", script->name, failing);
        gateway_stop();
    }
    is_counting = false;
    policy_release(policy);
    cr_assert_eq(blocks, 0, "%s: allocation %u: %ld blocks leaked", script->name, failing, blocks);
    return allocations >= failing;
}

static void fail_each(const struct script *script, const char *settings)
{
    unsigned failing = 1;
    gateway.of_client = gateway.of_backend = (struct hindrance){.most = 7};
    while (run_with_failure(script, settings, failing)) {
        failing++;
    }
    cr_assert(failing > 8, "%s: only %u allocations", script->name, failing);
}

static void run_every_way(const struct script *script)
{
    fail_each(script, "body-timeout = 100ms");
    fail_each(script, "body-timeout = 100ms\nbuffer-request = all\nbuffer-memory = 4");
    fail_each(script, "body-timeout = 100ms\nbuffer-request = all");
}

#define TEST_OF(name)           \
    Test(exchange_memory, name) \
    {                           \
        run_every_way(&name);   \
    }
SCRIPTS(TEST_OF)

#include <criterion/criterion.h>

#include "../temporary.h"

#include "verbgate/server/processors.h"

#include <ftw.h>
#include <string.h>

/* Writes a file below the test's folder, with the folders that lead to it. */
static void put(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s", temporary_path(name));
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    temporary_write(name, text);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

static void finish(void)
{
    nftw(temporary_folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(processors, .init = temporary_make, .fini = finish);

#define GROUPS "sys/fs/cgroup/"

Test(processors, a_quota_of_version_2_is_rounded_up)
{
    static const struct {
        const char *text;
        unsigned processors;
    } cases[] = {
        {"100000 100000\n", 1},
        {"150000 100000\n", 2},
        {"1000 100000\n", 1},
        {"400000 100000\n", 4},
        {"max 100000\n", 0},
        {"max\n", 0},
        {"", 0},
        {"\n", 0},
        {"100000\n", 0},
        {"100000 0\n", 0},
        {"0 100000\n", 0},
        {"nonsense 100000\n", 0},
        {"-1 100000\n", 0},
        {"50000 20000", 3},
        {"18446744073709551615 1\n", 0},
    };
    put("proc/self/cgroup", "0::/\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put(GROUPS "cpu.max", cases[i].text);
        cr_expect_eq(processors_quota(temporary_folder), cases[i].processors, "%s", cases[i].text);
    }
}

Test(processors, the_least_quota_of_a_group_and_of_those_above_it_holds)
{
    put("proc/self/cgroup", "0::/system.slice/gate.service\n");
    put(GROUPS "system.slice/gate.service/cpu.max", "max 100000\n");
    cr_expect_eq(processors_quota(temporary_folder), 0);
    put(GROUPS "system.slice/cpu.max", "300000 100000\n");
    cr_expect_eq(processors_quota(temporary_folder), 3);
    put(GROUPS "system.slice/gate.service/cpu.max", "500000 100000\n");
    cr_expect_eq(processors_quota(temporary_folder), 3);
    put(GROUPS "system.slice/gate.service/cpu.max", "200000 100000\n");
    cr_expect_eq(processors_quota(temporary_folder), 2);
    put(GROUPS "cpu.max", "100000 100000\n");
    cr_expect_eq(processors_quota(temporary_folder), 1);
}

/* A container without a name space of its own for groups sees the path of outside, and its own group's files
 * at the mount. */
Test(processors, a_group_that_is_not_to_be_seen_is_looked_for_at_the_mount)
{
    put(GROUPS "cpu.max", "250000 100000\n");
    put("proc/self/cgroup", "0::/docker/0123456789abcdef\n");
    cr_expect_eq(processors_quota(temporary_folder), 3);
    put("proc/self/cgroup", "0::/../other\n");
    cr_expect_eq(processors_quota(temporary_folder), 3);
}

Test(processors, version_1_has_its_quota_in_two_files)
{
    put("proc/self/cgroup", "12:pids:/a\n4:cpu,cpuacct:/a/b\n1:name=systemd:/a/b\n0::/a/b\n");
    put(GROUPS "cpu/a/b/cpu.cfs_quota_us", "-1\n");
    put(GROUPS "cpu/a/b/cpu.cfs_period_us", "100000\n");
    cr_expect_eq(processors_quota(temporary_folder), 0);
    put(GROUPS "cpu/a/cpu.cfs_quota_us", "120000\n");
    put(GROUPS "cpu/a/cpu.cfs_period_us", "100000\n");
    cr_expect_eq(processors_quota(temporary_folder), 2);
    put(GROUPS "cpu/a/b/cpu.cfs_quota_us", "50000\n");
    cr_expect_eq(processors_quota(temporary_folder), 1);
}

Test(processors, version_1_without_the_short_name_of_its_mount)
{
    put("proc/self/cgroup", "4:cpu,cpuacct:/\n");
    put(GROUPS "cpu,cpuacct/cpu.cfs_quota_us", "300000\n");
    put(GROUPS "cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    cr_expect_eq(processors_quota(temporary_folder), 3);
}

Test(processors, missing_and_broken_files_set_no_limit)
{
    cr_expect_eq(processors_quota(temporary_folder), 0);
    static const char *const texts[] = {"",      "\n",   ":\n",    "::\n",
                                        "0::\n", "0:\n", "0::a\n", "::::/\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        put("proc/self/cgroup", texts[i]);
        cr_expect_eq(processors_quota(temporary_folder), 0, "%s", texts[i]);
    }
}

Test(processors, there_is_always_one)
{
    cr_expect_geq(processors_count(), 1);
}

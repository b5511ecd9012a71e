/*
 * How many processors' worth of time the process may use: what `workers = auto` means. A container on a
 * large machine often sees every processor and may use the time of one: the quota of its control group
 * says so, and no affinity does.
 */
#ifndef VERBGATE_SERVER_PROCESSORS_H
#define VERBGATE_SERVER_PROCESSORS_H

/*
 * The least CPU quota of the process's control group and of all groups above it, in processors, rounded
 * up; 0: there is none. `root` stands before "/proc/self/cgroup" and "/sys/fs/cgroup": "" on a machine,
 * a directory in a test. Reads the files of version 2 (cpu.max) and of version 1 (cpu.cfs_quota_us).
 * A file that is missing or unreadable sets no limit.
 */
unsigned processors_quota(const char *root);

/* The lesser of the processors that the process may run on and of its quota; at least 1. */
unsigned processors_count(void);

#endif

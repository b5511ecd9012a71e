/* How the program is started anew. Between fork and exec only what is safe in a signal handler may be called, since
 * other threads may have held any lock at the fork: all memory is taken before. */
#include "upgrade_steps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FIRST_DESCRIPTOR = 3,
    ARGUMENTS_BYTES_MAX = 128 * 1024, /* one argument may be as long, for the kernel */
    PID_DIGITS = 10,
    OWN_VARIABLES = 5, /* of those that are made here */
};

struct plan {
    const char *path;
    char *arguments_text; /* of /proc/self/cmdline: each ends with NUL */
    char **arguments;
    char **environment;
    char *listen_fds, *listen_names, *channel_name;
    char listen_pid[sizeof "LISTEN_PID=" +
                    PID_DIGITS]; /* the digits are filled in by the process itself */
    char watchdog_pid[sizeof "WATCHDOG_PID=" + PID_DIGITS];
    int *moved; /* room for the sockets' and the channel's numbers on their way */
    const struct passed_sockets *sockets;
    int channel;
};

/* ---- the program and its arguments */

bool upgrade_find_program(char *path, size_t size)
{
    const char *name = program_invocation_name;
    if (strchr(name, '/') != NULL) {
        return (size_t)snprintf(path, size, "%s", name) < size;
    }
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    if (length <= 0) {
        return false;
    }
    path[length] = '\0';
    return true;
}

/* The text of the command line; `*length` of it. NULL: no memory, no /proc, or it is too long. */
static char *read_arguments(size_t *length)
{
    char *text = malloc(ARGUMENTS_BYTES_MAX);
    int descriptor = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t got = 0;
    *length = 0;
    while (text != NULL && descriptor >= 0 && *length < ARGUMENTS_BYTES_MAX &&
           (got = read(descriptor, text + *length, ARGUMENTS_BYTES_MAX - *length)) > 0) {
        *length += (size_t)got;
    }
    if (descriptor >= 0) {
        close(descriptor);
    }
    if (*length == 0 || *length == ARGUMENTS_BYTES_MAX || text[*length - 1] != '\0') {
        free(text);
        return NULL;
    }
    return text;
}

static bool plan_arguments(struct plan *plan)
{
    size_t length;
    plan->arguments_text = read_arguments(&length);
    if (plan->arguments_text == NULL) {
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        count += plan->arguments_text[i] == '\0';
    }
    plan->arguments = calloc(count + 1, sizeof *plan->arguments);
    char *argument = plan->arguments_text;
    for (size_t i = 0; i < count && plan->arguments != NULL; i++) {
        plan->arguments[i] = argument;
        argument += strlen(argument) + 1;
    }
    return plan->arguments != NULL;
}

/* ---- the environment */

static bool is_replaced(const char *variable)
{
    static const char *const names[] = {
        "LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES=", "WATCHDOG_PID=", UPGRADE_VARIABLE "="};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strncmp(variable, names[i], strlen(names[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool make_variables(struct plan *plan)
{
    const struct passed_sockets *sockets = plan->sockets;
    snprintf(plan->listen_pid, sizeof plan->listen_pid, "LISTEN_PID=");
    snprintf(plan->watchdog_pid, sizeof plan->watchdog_pid, "WATCHDOG_PID=");
    return asprintf(&plan->listen_fds, "LISTEN_FDS=%u", sockets->count) > 0 &&
           asprintf(&plan->listen_names, "LISTEN_FDNAMES=%s",
                    sockets->names == NULL ? "" : sockets->names) > 0 &&
           asprintf(&plan->channel_name, UPGRADE_VARIABLE "=%u",
                    FIRST_DESCRIPTOR + sockets->count) > 0;
}

static bool plan_environment(struct plan *plan)
{
    size_t count = 0;
    while (environ[count] != NULL) {
        count++;
    }
    plan->environment = calloc(count + OWN_VARIABLES + 1, sizeof *plan->environment);
    if (plan->environment == NULL || !make_variables(plan)) {
        return false;
    }
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_replaced(environ[i])) {
            plan->environment[used++] = environ[i];
        }
    }
    plan->environment[used++] = plan->listen_pid;
    plan->environment[used++] = plan->listen_fds;
    plan->environment[used++] = plan->listen_names;
    plan->environment[used++] = plan->channel_name;
    plan->environment[used] = getenv("WATCHDOG_PID") == NULL ? NULL : plan->watchdog_pid;
    return true;
}

static void finish_plan(struct plan *plan)
{
    free(plan->arguments_text);
    free(plan->arguments);
    free(plan->environment);
    free(plan->listen_fds);
    free(plan->listen_names);
    free(plan->channel_name);
    free(plan->moved);
}

/* ---- between fork and exec */

static void tell(int channel, enum upgrade_kind kind, int value)
{
    struct upgrade_message message = {.kind = (int32_t)kind, .value = value};
    (void)send(channel, &message, sizeof message, MSG_NOSIGNAL);
}

static void append_number(char *text, pid_t number)
{
    char digits[PID_DIGITS];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 && count < PID_DIGITS);
    text += strlen(text);
    while (count > 0) {
        *text++ = digits[--count];
    }
    *text = '\0';
}

/* Out of the way first, then each to its place: the numbers may overlap. dup2 leaves no close-on-exec. */
static bool place_descriptors(struct plan *plan)
{
    unsigned count = plan->sockets->count;
    int beyond = FIRST_DESCRIPTOR + (int)count + 1;
    for (unsigned i = 0; i <= count; i++) {
        int source = i == count ? plan->channel : plan->sockets->descriptors[i];
        plan->moved[i] = fcntl(source, F_DUPFD_CLOEXEC, beyond);
        if (plan->moved[i] < 0) {
            return false;
        }
    }
    for (unsigned i = 0; i <= count; i++) {
        if (dup2(plan->moved[i], FIRST_DESCRIPTOR + (int)i) < 0) {
            return false;
        }
    }
    return true;
}

/* The new program begins with the signals as a shell would have them. */
static void reset_signals(void)
{
    for (int number = 1; number < NSIG; number++) {
        (void)signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become_successor(struct plan *plan)
{
    tell(plan->channel, UPGRADE_STARTED, getpid());
    if (!place_descriptors(plan)) {
        tell(plan->channel, UPGRADE_REFUSED, errno);
        _exit(1);
    }
    append_number(plan->listen_pid, getpid());
    append_number(plan->watchdog_pid, getpid());
    int channel = plan->moved[plan->sockets->count];
    reset_signals();
    execve(plan->path, plan->arguments, plan->environment);
    tell(channel, UPGRADE_REFUSED, errno);
    _exit(1);
}

/* The process between ends at once, so that init becomes the successor's parent. */
static bool fork_twice(struct plan *plan)
{
    pid_t between = fork();
    if (between == 0) {
        pid_t successor = fork();
        if (successor == 0) {
            become_successor(plan);
        }
        _exit(successor < 0 ? 1 : 0);
    }
    if (between < 0) {
        return false;
    }
    int status = 0;
    while (waitpid(between, &status, 0) < 0 && errno == EINTR) {
    }
    errno = EAGAIN; /* what a fork that fails says */
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool upgrade_launch(const char *path, const struct passed_sockets *sockets, int channel,
                    char problem[UPGRADE_PROBLEM_MAX])
{
    struct plan plan = {.path = path, .sockets = sockets, .channel = channel};
    plan.moved = calloc((size_t)sockets->count + 1, sizeof *plan.moved);
    if (plan.moved == NULL || !plan_arguments(&plan) || !plan_environment(&plan)) {
        snprintf(
            problem, UPGRADE_PROBLEM_MAX,
            "the arguments of this process cannot be read from /proc/self/cmdline, or there is "
            "no memory");
        finish_plan(&plan);
        return false;
    }
    /* In the new process, a handler of this one would write into the pipes that both have. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    bool fine = fork_twice(&plan);
    if (!fine) {
        snprintf(problem, UPGRADE_PROBLEM_MAX, "no process can be made: %s", strerror(errno));
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    finish_plan(&plan);
    return fine;
}

/* `shim.py` once more, in a language that needs no start of its own: it says what this does and why.
 *
 * Compiled by the host's `compiled.py` where it can be. The differential tests hold both to one law.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ADDRESS "/run/python"
#define DEFAULTS "/etc/environment"
#define INTERPRETER "/etc/python"
#define LARGEST (1 << 16)
#define COUNT(array) (sizeof(array) / sizeof *(array))

extern char **environ;

static const char *const HARMLESS[] = {"-u", "-B", "-uB", "-Bu"};
static const char *const FREE[] = {"HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "PATH", "TZ"};
static const char *const EARLY[] = {
    "PYTHON", "LD_", "LC_", "LANG", "OMP_", "GOMP_", "KMP_", "OPENBLAS_", "MKL_", "BLIS_", "CUDA_",
    "GLIBC_", "MALLOC_", "NUMEXPR_", "NPY_", "MPL", "ARROW_", "JOBLIB_",
};
static const int HANDED_ON[] = {
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH,
};

static char message[LARGEST];
static size_t length;
static bool too_long;
static int connection;

static bool starts_with(const char *text, const char *beginning) {
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

static bool is_harmless(const char *option) {
    for (size_t i = 0; i < COUNT(HARMLESS); i++)
        if (strcmp(option, HARMLESS[i]) == 0)
            return true;
    return false;
}

/* Read a file, whose text then ends with a NUL; false: it cannot be read. */
static bool read_file(const char *path, char *text, size_t space) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, space - 1);
    close(fd);
    text[size < 0 ? 0 : size] = '\0';
    return size > 0;
}

static bool is_ignored(int number) {
    struct sigaction action;
    if (number == SIGPIPE || number == SIGXFSZ) /* every Python ignores them */
        return false;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static bool same(const char *one, const char *other) {
    return one && other && strcmp(one, other) == 0;
}

/* The value of the variable that an entry names, among other entries; NULL: there is none. */
static const char *value_in(char *const *entries, const char *entry) {
    size_t width = strcspn(entry, "=");
    for (; *entries; entries++)
        if (strncmp(*entries, entry, width) == 0 && (*entries)[width] == '=')
            return *entries + width + 1;
    return NULL;
}

static const char *value(const char *entry) {
    const char *equals = strchr(entry, '=');
    return equals ? equals + 1 : NULL;
}

static bool is_free(const char *entry) {
    for (size_t i = 0; i < COUNT(FREE); i++)
        if (starts_with(entry, FREE[i]) && entry[strlen(FREE[i])] == '=')
            return true;
    return false;
}

static bool is_early(const char *entry) {
    for (size_t i = 0; i < COUNT(EARLY); i++)
        if (starts_with(entry, EARLY[i]))
            return true;
    return false;
}

/* Read the variables of the jail, as a list that ends with NULL; empty where they cannot be read. */
static char **read_defaults(void) {
    static char text[LARGEST], *lines[256];
    size_t count = 0;
    read_file(DEFAULTS, text, sizeof text);
    for (char *line = strtok(text, "\n"); line && count < COUNT(lines) - 1; line = strtok(NULL, "\n"))
        lines[count++] = line;
    return lines;
}

static bool plain_environment(void) {
    char **defaults = read_defaults();
    for (char **line = defaults; *line; line++)
        if (!is_free(*line) && !same(value_in(environ, *line), value(*line)))
            return false;
    for (char **entry = environ; *entry; entry++)
        if (is_early(*entry) && value(*entry) && !same(value_in(defaults, *entry), value(*entry)))
            return false;
    return *defaults;
}

/* Whether the standard streams are open, and nothing else that a copy would lack. */
static bool plain_descriptors(void) {
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    if (!folder)
        return false;
    bool plain = dirfd(folder) == 3; /* the lowest that was free */
    for (struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return plain && count == 4;
}

static bool can_be_warm(char *const *program) {
    const char *first = *program ? *program : "-";
    const char *dot = strrchr(first, '.');
    struct stat status;
    bool possible;
    if (strcmp(first, "-c") == 0 || strcmp(first, "-m") == 0)
        possible = program[1];
    else if (strcmp(first, "-") == 0)
        possible = true;
    else
        possible = first[0] != '-' && !same(dot, ".pyc") && stat(first, &status) == 0 &&
                   S_ISREG(status.st_mode) && access(first, R_OK) == 0;
    return possible && plain_environment() && plain_descriptors();
}

/* Add a part to the message; parts are separated by NULs. */
static void add(const char *text) {
    size_t size = strlen(text) + 1;
    too_long = too_long || size > sizeof message - length;
    if (!too_long)
        memcpy(message + length, text, size);
    length += too_long ? 0 : size;
}

static void add_number(int number) {
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    add(text);
}

static void add_list(char *const *texts, size_t count) {
    add_number(count);
    for (size_t i = 0; i < count; i++)
        add(texts[i]);
}

static bool add_process(void) {
    static char limits[1 << 13];
    char *folder = getcwd(NULL, 0);
    if (!folder || !read_file("/proc/self/limits", limits, sizeof limits))
        return false;
    mode_t mask = umask(0);
    umask(mask);
    add_number(4);
    add(folder);
    add_number(mask);
    add_number(getpriority(PRIO_PROCESS, 0));
    add(limits);
    return true;
}

static void add_ignored(void) {
    int ignored[_NSIG], count = 0;
    for (int number = 1; number < _NSIG; number++)
        if (is_ignored(number))
            ignored[count++] = number;
    add_number(count);
    for (int i = 0; i < count; i++)
        add_number(ignored[i]);
}

static void add_environment(void) {
    int count = 0;
    for (char **entry = environ; *entry; entry++)
        count += value(*entry) != NULL;
    add_number(count);
    for (char **entry = environ; *entry; entry++)
        if (value(*entry))
            add(*entry);
}

/* Put what the copy has to know into the message; false: it cannot be known, or is too much. */
static bool describe(char **options, char **program, char **last) {
    if (!add_process())
        return false;
    add_ignored();
    add_list(options, program - options);
    add_list(program, last - program);
    add_environment();
    return !too_long;
}

static bool call(void) {
    struct sockaddr_un address = {AF_UNIX, ADDRESS};
    connection = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    return connect(connection, (struct sockaddr *)&address, sizeof address) == 0;
}

static bool send_message(void) {
    union {
        char space[CMSG_SPACE(3 * sizeof(int))];
        struct cmsghdr aligned;
    } control = {{0}};
    struct iovec text = {message, length - 1}; /* without the last NUL */
    struct msghdr all = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = control.space};
    all.msg_controllen = sizeof control.space;
    struct cmsghdr *streams = CMSG_FIRSTHDR(&all);
    streams->cmsg_level = SOL_SOCKET;
    streams->cmsg_type = SCM_RIGHTS;
    streams->cmsg_len = CMSG_LEN(3 * sizeof(int));
    memcpy(CMSG_DATA(streams), (int[]){0, 1, 2}, 3 * sizeof(int));
    return sendmsg(connection, &all, MSG_NOSIGNAL) >= 0;
}

static void hand_on(int number) {
    int before = errno;
    char byte = number;
    send(connection, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    errno = before;
}

/* Return the exit status (negative: a signal), or `NOBODY` when nobody serves us. */
enum { NOBODY = INT_MIN };

static int run_warm(void) {
    struct sigaction action = {.sa_handler = hand_on, .sa_flags = SA_RESTART};
    char reply[17] = "";
    sigset_t handed_on, before;
    if (!call())
        return NOBODY;
    sigemptyset(&handed_on);
    for (size_t i = 0; i < COUNT(HANDED_ON); i++)
        sigaddset(&handed_on, HANDED_ON[i]);
    sigprocmask(SIG_BLOCK, &handed_on, &before); /* the message goes first */
    bool sent = send_message();
    for (size_t i = 0; sent && i < COUNT(HANDED_ON); i++)
        if (!is_ignored(HANDED_ON[i]))
            sigaction(HANDED_ON[i], &action, NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (!sent || recv(connection, reply, sizeof reply - 1, 0) <= 0)
        return NOBODY;
    return atoi(reply);
}

static void end(int status) {
    if (status < 0) {
        signal(-status, SIG_DFL);
        kill(getpid(), -status);
    }
    _exit(status);
}

int main(int count, char **arguments) {
    if (count == 0)
        return 127;
    char **options = arguments + 1, **program = options;
    while (*program && is_harmless(*program))
        program++;
    if (can_be_warm(program) && describe(options, program, arguments + count)) {
        int status = run_warm();
        if (status != NOBODY)
            end(status);
    }
    static char interpreter[PATH_MAX];
    if (readlink(INTERPRETER, interpreter, sizeof interpreter - 1) > 0) {
        arguments[0] = interpreter;
        execv(interpreter, arguments);
    }
    perror(INTERPRETER);
    return 127;
}

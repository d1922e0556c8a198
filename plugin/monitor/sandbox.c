/* setresuid, capabilities, Landlock by its raw system calls, seccomp by libseccomp. */

#include "monitor/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sockios.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

enum cf_status cf_sandbox_find_user(
    const char *name, struct cf_sandbox_user *user_out, struct cf_error *error)
{
	const struct passwd *entry = getpwnam(name != NULL ? name : "curfew");

	if (entry == NULL && name == NULL)
		entry = getpwnam("nobody");
	if (entry == NULL)
		return cf_error_set(
		    error, CF_ENOTFOUND, "no user '%s' to run as", name != NULL ? name : "nobody");
	user_out->uid = entry->pw_uid;
	user_out->gid = entry->pw_gid;
	snprintf(user_out->name, sizeof user_out->name, "%s", entry->pw_name);
	return CF_OK;
}

/*
 * The leak check at a sanitized program's end needs what is given up here. It is made now instead;
 * it comes once, and then not at the end.
 */
static void check_leaks_early(void)
{
#ifdef __SANITIZE_ADDRESS__
	__lsan_do_leak_check();
#endif
}

enum cf_status cf_sandbox_drop(const struct cf_sandbox_user *user, struct cf_error *error)
{
	check_leaks_early();
	/* Comes while there are any capabilities, since it needs one; without that there is nothing
	 * to lose, and libcap-ng would complain in the system's log at each start. */
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP)) {
		capng_clear(CAPNG_SELECT_BOTH);
		/* A bound that stays gives nothing: what is held is dropped below, and that is
		 * checked. libcap-ng 0.8.5 has its result warned of, casts notwithstanding. */
		int bounds = capng_apply(CAPNG_SELECT_BOUNDS);

		(void)bounds;
	}
	if (geteuid() == 0 && user->uid != 0) {
		if (setgroups(0, NULL) != 0 || setresgid(user->gid, user->gid, user->gid) != 0 ||
		    setresuid(user->uid, user->uid, user->uid) != 0)
			return cf_error_set(error, CF_EIO, "cannot become user '%s': %s",
			    user->name, strerror(errno));
		if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0)
			return cf_error_set(
			    error, CF_EIO, "still root after becoming '%s'", user->name);
	}
	/* Capabilities that a service manager gave for opening the captures. */
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		return cf_error_set(error, CF_EIO, "cannot drop capabilities");
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* none, or gone now */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return cf_error_set(error, CF_EIO, "cannot set no_new_privs: %s", strerror(errno));
	return CF_OK;
}

/*
 * Landlock's interface (linux/landlock.h), spelled out because distributions' headers are older
 * than the kernels they run on. Each ABI adds members and rights; what a kernel does not know is
 * masked.
 */
struct landlock_ruleset {
	uint64_t fs, net, scoped;
};

struct landlock_path {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

enum {
	LL_CREATE = 444,
	LL_ADD_RULE = 445,
	LL_RESTRICT = 446,
	LL_VERSION_FLAG = 1,
	LL_RULE_PATH = 1,
};

#define LL_EXECUTE     (UINT64_C(1) << 0)
#define LL_WRITE_FILE  (UINT64_C(1) << 1)
#define LL_READ_FILE   (UINT64_C(1) << 2)
#define LL_READ_DIR    (UINT64_C(1) << 3)
#define LL_REMOVE_FILE (UINT64_C(1) << 5)
#define LL_MAKE_REG    (UINT64_C(1) << 8)
#define LL_TRUNCATE    (UINT64_C(1) << 14)
#define LL_FS_ABI1     ((UINT64_C(1) << 13) - 1)
#define LL_FS_ABI2     ((UINT64_C(1) << 14) - 1)
#define LL_FS_ABI3     ((UINT64_C(1) << 15) - 1)
#define LL_FS_ABI5     ((UINT64_C(1) << 16) - 1)
#define LL_NET_ALL     UINT64_C(3) /* bind and connect of TCP */
#define LL_SCOPE_ALL   UINT64_C(3) /* abstract UNIX sockets, signals */

static uint64_t fs_rights(long abi)
{
	if (abi >= 5)
		return LL_FS_ABI5;
	if (abi >= 3)
		return LL_FS_ABI3;
	return abi == 2 ? LL_FS_ABI2 : LL_FS_ABI1;
}

/* A path that does not exist needs no permission. */
static bool allow_path(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path rule = {.parent_fd = open(path, O_PATH | O_CLOEXEC)};
	struct stat info;
	long status;

	if (rule.parent_fd < 0)
		return errno == ENOENT;
	if (fstat(rule.parent_fd, &info) == 0 && !S_ISDIR(info.st_mode))
		rights &= LL_READ_FILE | LL_WRITE_FILE | LL_TRUNCATE;
	rule.allowed = rights;
	status = syscall(LL_ADD_RULE, ruleset, LL_RULE_PATH, &rule, 0);
	close(rule.parent_fd);
	return status == 0;
}

enum cf_status cf_sandbox_files(const struct cf_sandbox_paths *paths, struct cf_error *error)
{
	long abi = syscall(LL_CREATE, NULL, 0, LL_VERSION_FLAG);
	struct landlock_ruleset rules = {0};
	size_t size = sizeof rules.fs;
	uint64_t read_rights = LL_READ_FILE | LL_READ_DIR;
	uint64_t write_rights =
	    read_rights | LL_WRITE_FILE | LL_REMOVE_FILE | LL_MAKE_REG | LL_TRUNCATE;
	bool good = true;
	int ruleset;

	if (abi < 1)
		return cf_error_set(error, CF_EUNSUPPORTED,
		    "this kernel has no landlock: the file system stays within reach");
	rules.fs = fs_rights(abi);
	if (abi >= 4) {
		rules.net = LL_NET_ALL;
		size += sizeof rules.net;
	}
	if (abi >= 6) {
		rules.scoped = LL_SCOPE_ALL;
		size += sizeof rules.scoped;
	}
	ruleset = (int)syscall(LL_CREATE, &rules, size, 0);
	if (ruleset < 0)
		return cf_error_set(
		    error, CF_EUNSUPPORTED, "cannot use landlock: %s", strerror(errno));
	for (unsigned i = 0; paths->read_only[i] != NULL; i++)
		good = allow_path(ruleset, paths->read_only[i], read_rights & rules.fs) && good;
	for (unsigned i = 0; paths->read_write[i] != NULL; i++)
		good = allow_path(ruleset, paths->read_write[i], write_rights & rules.fs) && good;
	good = good && syscall(LL_RESTRICT, ruleset, 0) == 0;
	close(ruleset);
	if (!good)
		return cf_error_set(
		    error, CF_EUNSUPPORTED, "cannot use landlock: %s", strerror(errno));
	return CF_OK;
}

/* What threads that capture, decode, log and reload do call, directly or through the libraries. */
static const int allowed_calls[] = {SCMP_SYS(access), SCMP_SYS(brk), SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(close), SCMP_SYS(epoll_wait), SCMP_SYS(exit),
    SCMP_SYS(exit_group), SCMP_SYS(faccessat), SCMP_SYS(fchmod), SCMP_SYS(fcntl),
    SCMP_SYS(fdatasync), SCMP_SYS(flock), SCMP_SYS(fstat), SCMP_SYS(fsync), SCMP_SYS(ftruncate),
    SCMP_SYS(futex), SCMP_SYS(getdents64), SCMP_SYS(getpid), SCMP_SYS(getrandom),
    SCMP_SYS(getsockopt), SCMP_SYS(gettid), SCMP_SYS(gettimeofday), SCMP_SYS(getuid),
    SCMP_SYS(geteuid), SCMP_SYS(lseek), SCMP_SYS(lstat), SCMP_SYS(madvise), SCMP_SYS(membarrier),
    SCMP_SYS(mremap), SCMP_SYS(munmap), SCMP_SYS(nanosleep), SCMP_SYS(newfstatat), SCMP_SYS(open),
    SCMP_SYS(openat), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(pread64), SCMP_SYS(prlimit64),
    SCMP_SYS(pwrite64), SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
    SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(restart_syscall),
    SCMP_SYS(rseq), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigtimedwait), SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield),
    SCMP_SYS(set_robust_list), SCMP_SYS(setsockopt), SCMP_SYS(sigaltstack), SCMP_SYS(stat),
    SCMP_SYS(statx), SCMP_SYS(tgkill), SCMP_SYS(uname), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
    SCMP_SYS(write), SCMP_SYS(writev)};

/* What a taken-over parser would want first. */
static const int deadly_calls[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork),
    SCMP_SYS(vfork), SCMP_SYS(ptrace), SCMP_SYS(process_vm_writev), SCMP_SYS(socket),
    SCMP_SYS(connect), SCMP_SYS(listen), SCMP_SYS(bpf), SCMP_SYS(mount), SCMP_SYS(setuid),
    SCMP_SYS(setresuid), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(kexec_load),
    SCMP_SYS(unshare), SCMP_SYS(setns)};

/* Memory that is both writable and code, other processes, and odd device controls stay out. */
static int add_conditional_rules(scmp_filter_ctx filter)
{
	static const unsigned long controls[] = {
	    SIOCGIFINDEX, SIOCGIFFLAGS, SIOCGIFHWADDR, FIONREAD};
	int status = 0;

	status |= seccomp_rule_add(
	    filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
	    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	/* glibc tries clone3 first and falls back; its flags lie in memory, out of sight. */
	status |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++)
		status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
		    SCMP_A1(SCMP_CMP_EQ, controls[i], 0));
	return status;
}

enum cf_status cf_sandbox_calls(
    const int *sockets, unsigned socket_count, bool listening, struct cf_error *error)
{
	int of_sockets = listening ? SCMP_SYS(accept4) : SCMP_SYS(bind);
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int status = filter == NULL ? -ENOMEM : 0;

	if (filter != NULL) {
		/* The log's thread is there already: it gets the filter, too. */
		status |= seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
		for (size_t i = 0; i < sizeof allowed_calls / sizeof allowed_calls[0]; i++)
			status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
		for (size_t i = 0; i < sizeof deadly_calls / sizeof deadly_calls[0]; i++)
			status |=
			    seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly_calls[i], 0);
		status |= add_conditional_rules(filter);
		for (unsigned i = 0; i < socket_count; i++)
			status |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, of_sockets, 1,
			    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)sockets[i], 0));
		if (status == 0)
			status = seccomp_load(filter);
		seccomp_release(filter);
	}
	if (status != 0)
		return cf_error_set(error, CF_EUNSUPPORTED,
		    "cannot limit system calls by seccomp: %s",
		    strerror(status < 0 ? -status : EIO));
	return CF_OK;
}

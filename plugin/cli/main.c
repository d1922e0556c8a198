/* The curfew program: a table of verbs, and nothing else. */

#include "base/diag.h"
#include "cli/front/cmd.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
};

/* In the order of a first day's work; `curfew --help` prints it like this. */
static const struct verb verbs[] = {
    {"apply", cmd_apply, "compile the policy and put it in force"},
    {"check", cmd_check, "validate policy and packs, write nothing"},
    {"explain", cmd_explain, "what happens to a name or address, and why"},
    {"log", cmd_log, "print, follow, verify and convert the hit log"},
    {"list", cmd_list, "packs and lists: check, show, diff, import, export, resolve"},
#ifdef CF_HAVE_MONITOR
    {"monitor", cmd_monitor, "watch an interface or a capture file"},
    {"hosts", cmd_hosts, "take in who the hosts are from DHCP leases"},
#endif
#ifdef CF_HAVE_TAP
    {"tap", cmd_tap, "listen to what resolvers tell by dnstap"},
#endif
#ifdef CF_HAVE_SHIP
    {"ship", cmd_ship, "send what the sealed log has to collectors"},
#endif
#ifdef CF_HAVE_COLLECT
    {"collect", cmd_collect, "take what sensors send into a ledger"},
#endif
#ifdef CF_HAVE_LEDGER
    {"ledger", cmd_ledger, "which hosts still depend: take logs in, correct, rebuild"},
    {"report", cmd_report, "who depends, through what, since when; progress, escapes, coverage"},
    {"fleet", cmd_fleet, "a line a sensor: heard of, image, lost, shipped"},
    {"rehearse", cmd_rehearse, "what another policy or instant would do to what was logged"},
    {"evidence", cmd_evidence, "logs, images, policy and report in one signed file, and its check"},
    {"export", cmd_export, "the same for a SIEM, a spreadsheet, Prometheus"},
#endif
#ifdef CF_HAVE_EGRESS
    {"egress", cmd_egress, "the same policy in the kernel: what never asks DNS"},
#endif
    {"publish", cmd_publish, "sign an image for the sensors of a channel"},
    {"fetch", cmd_fetch, "put the newest image of a channel in force"},
    {"doctor", cmd_doctor, "what is installed, in force, and wrong"},
    {"version", cmd_version, "print version and build"},
};

static void print_usage(FILE *to)
{
	fputs("usage: curfew VERB [options]\n\n", to);
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		fprintf(to, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
	fputs("\n`curfew VERB --help` and `man curfew-VERB` say more.\n", to);
}

int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("curfew " CF_VERSION);
	return CMD_OK;
}

/* Has whoever reads standard output gone? Then nobody asks for the rest, and nobody need be told.
 */
static bool reader_is_gone(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

/* What a verb printed may lie in a buffer still: not all of it on a full disk is no success. */
static int finish(int result)
{
	bool failed = ferror(stdout) != 0;

	if (fflush(stdout) == 0 && !failed)
		return result;
	if (!reader_is_gone())
		fputs("curfew: not all could be written to standard output\n", stderr);
	return CMD_IO;
}

int main(int argc, char **argv)
{
	/* A closed pipe (`curfew report | head`) is an error of write(), not a death. */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		print_usage(stderr);
		return CMD_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_usage(stdout);
		return finish(CMD_OK);
	}
	if (strcmp(argv[1], "--version") == 0)
		return finish(cmd_version(argc, argv));
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return finish(verbs[i].run(argc - 1, argv + 1));
	char quoted[80];

	fprintf(stderr, "curfew: no verb %s; `curfew --help` lists them\n",
	    cf_quote(argv[1], strlen(argv[1]), quoted, sizeof quoted));
	return CMD_USAGE;
}

/*
 * The verbs of the curfew program. Each takes its own argc/argv with the verb's name at argv[0],
 * prints results on stdout and trouble on stderr, and returns an exit code.
 */
#pragma once

enum cmd_exit {
	CMD_OK = 0,
	CMD_FOUND = 1, /* found something, blocked, differs */
	CMD_USAGE = 2,
	CMD_INVALID = 3, /* configuration or list invalid */
	CMD_IO = 4,
	CMD_DEGRADED = 5,
};

int cmd_apply(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_collect(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_egress(int argc, char **argv);
int cmd_evidence(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_fetch(int argc, char **argv);
int cmd_fleet(int argc, char **argv);
int cmd_hosts(int argc, char **argv);
int cmd_ledger(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_publish(int argc, char **argv);
int cmd_rehearse(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_ship(int argc, char **argv);
int cmd_tap(int argc, char **argv);
int cmd_version(int argc, char **argv);

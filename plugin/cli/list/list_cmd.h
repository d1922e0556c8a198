/*
 * The verbs below `curfew list`, one file each, and what they share. Each takes its own argc/argv
 * with the verb's name at argv[0] and returns an exit code.
 */
#pragma once

#include "cli/front/cmd.h"
#include "cli/front/paths.h"
#include "compile/pack/pack.h"

#include <stdio.h>

int cmd_list_bundle(int argc, char **argv);
int cmd_list_check(int argc, char **argv);
int cmd_list_diff(int argc, char **argv);
int cmd_list_export(int argc, char **argv);
int cmd_list_import(int argc, char **argv);
int cmd_list_presets(int argc, char **argv);
int cmd_list_resolve(int argc, char **argv);
int cmd_list_show(int argc, char **argv);
int cmd_list_sign(int argc, char **argv);
int cmd_list_update(int argc, char **argv);

/* The pack that is meant when none is named. */
#define CLI_DEFAULT_PACK "kaspersky"

/*
 * The folder that what stands for: a path to one when it has a slash or is one, else the name of a
 * vendor among the lists of paths. Returns path.
 */
const char *cli_pack_dir(const struct cli_paths *paths, const char *what, char path[CF_PATH_BYTES]);

/*
 * Reads the pack that what stands for, printing all complaints on stderr. Returns CMD_OK with
 * *pack_out, or the exit code.
 */
int cli_pack_read(const char *verb, const char *what, struct cf_pack **pack_out);

/* The exit code for a status that a reader or writer gave. */
int cli_exit_for(enum cf_status status);

/* Today as YYYY-MM-DD, UTC; returns text. */
const char *cli_today(char text[11]);

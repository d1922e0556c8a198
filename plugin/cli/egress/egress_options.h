/* The options of `curfew egress`, as one struct. One thread. */
#pragma once

#include "cli/front/paths.h"
#include "image/image.h"
#include "policy/egress_options.h"

#define CLI_EGRESS_OPTIONS_HELP \
	"  -i, --image FILE     the image; default: the one in force\n" \
	"These override the section `egress` of the policy; --resolver and --never add to it:\n" \
	"      --role WHAT      router (the default), host (its own packets), both\n" \
	"      --refuse HOW     reject (reset, ICMP; the default) or drop\n" \
	"      --enforce WHAT   dedicated (the vendor's own networks; default) or all: shared " \
	"and\n" \
	"                       inferred ones too, which are else only recorded\n" \
	"      --dns WAY        port 53 to others than the site's resolvers: off, observe, " \
	"reject,\n" \
	"                       redirect\n" \
	"      --dot WAY        port 853: off, observe, reject\n" \
	"      --doh WAY        port 443 of public resolvers: off, observe, reject\n" \
	"      --fallback WAY   the vendor's fallback resolvers: off, observe, reject, redirect\n" \
	"      --resolver ADDR  of the site; may be repeated\n" \
	"      --resolver-user NAME  whose packets leave as they are (output): unbound\n" \
	"      --never PREFIX   clients and addresses that are not looked at; may be repeated\n" \
	"      --log GROUP      NFLOG group that recorded packets are sent to\n" \
	"      --log-rate N     packets a second and kind logged at most (100); counters are " \
	"exact\n"

/* Settings on one command line, at most. */
#define CLI_EGRESS_SAID 256

struct cli_egress_said {
	const char *key, *value; /* as cf_egress_options_set() takes them */
};

struct cli_egress {
	struct cli_paths paths;
	const char *image;
	struct cf_egress_options options; /* settled */
	struct cli_egress_said said[CLI_EGRESS_SAID];
	unsigned said_count;
	bool dry_run, as_json;
	int64_t confirm_s; /* 0: at once and for good */
};

/* As cli_options_read(). */
bool cli_egress_options_read(
    struct cli_egress *asked, const char *help, int argc, char **argv, int *exit_out);

/* The options of the image's policy, and on top of them what was said here. False with *error: they
 * contradict each other. */
bool cli_egress_options_settle(
    struct cli_egress *asked, const struct cf_image *image, struct cf_error *error);

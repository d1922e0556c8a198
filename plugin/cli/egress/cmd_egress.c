/* curfew egress: the image as rules of the kernel. */

#include "base/file_writer.h"
#include "base/instant.h"
#include "cli/egress/egress_options.h"
#include "cli/front/cmd.h"
#include "cli/front/json_out.h"
#include "cli/front/when.h"
#include "egress/force.h"
#include "egress/former.h"
#include "egress/kernel/kernel.h"
#include "egress/state.h"
#include "egress/table/ruleset.h"
#include "egress/waiting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: curfew egress VERB [options]\n"
    "\n"
    "  apply    put the image in force into the kernel, as the table `inet curfew`\n"
    "  check    is the table that of the image and these options? exit 1 when it is not\n"
    "  show     print the table as text for `nft -f`\n"
    "  status   what the table has stopped, flagged and allowed so far\n"
    "  confirm  keep what `apply --confirm` put in force\n"
    "  remove   take the table away\n"
    "\n" CLI_EGRESS_OPTIONS_HELP
    "      --confirm TIME   apply: put the former state back after TIME unless `curfew egress\n"
    "                       confirm` comes first\n"
    "  -n, --dry-run        apply: let the kernel look at it, change nothing\n"
    "  -j, --json           status, check: as JSON\n"
    "\n"
    "exit: 0 done, 1 check: it differs, 2 usage, 3 options or image invalid, 4 the kernel "
    "refused\n";

static int failed(const char *what, const struct cf_error *error)
{
	fprintf(stderr, "curfew egress: %s: %s\n", what, error->text);
	return error->status == CF_EINVALID ? CMD_INVALID : CMD_IO;
}

/* Opens the image and makes the plan; a CMD_ code. */
static int plan_for(struct cli_egress *asked, struct cf_image **image_out, struct cf_plan *plan_out)
{
	struct cf_error error;
	enum cf_status status;

	if (cf_image_open(asked->image, image_out, &error) != CF_OK) {
		fprintf(stderr,
		    "curfew egress: cannot use image '%s': %s; `curfew apply` makes one\n",
		    asked->image, error.text);
		return CMD_INVALID;
	}
	if (!cli_egress_options_settle(asked, *image_out, &error)) {
		cf_image_close(*image_out);
		return failed("options", &error);
	}
	status = cf_plan_make(*image_out, asked->options.all_enforced, plan_out);
	if (status == CF_OK)
		return CMD_OK;
	fprintf(stderr, "curfew egress: %s\n", cf_status_text(status));
	cf_image_close(*image_out);
	return status == CF_ETOOBIG ? CMD_INVALID : CMD_IO;
}

static int show(struct cli_egress *asked)
{
	struct cf_image *image;
	struct cf_plan plan;
	int code = plan_for(asked, &image, &plan);

	if (code != CMD_OK)
		return code;
	if (cf_ruleset_write(&plan, &asked->options, stdout) != CF_OK)
		code = CMD_IO;
	cf_plan_done(&plan);
	cf_image_close(image);
	return fflush(stdout) == 0 ? code : CMD_IO;
}

static void say_awaited(const struct cf_force *force)
{
	printf("the former state comes back in %lld s unless you say: curfew egress confirm\n",
	    (long long)force->confirm_s);
	(void)fflush(stdout); /* before what follows fails */
}

static void say_forced(const struct cf_forced *forced, const struct cf_plan *plan, bool dry_run)
{
	if (forced->how == CF_FORCED_ALREADY) {
		printf("the table is in force already (%s)\n", forced->comment);
		return;
	}
	printf("%s: %u kinds of networks, %u of clients, %u messages %s (%s)\n",
	    dry_run ? "the kernel would take it" : "in force", plan->network_kind_count,
	    plan->client_kind_count, forced->messages,
	    forced->how == CF_FORCED_CHANGED ? "for what differed" : "for all of it",
	    forced->comment);
	if (forced->remembered.status != CF_OK)
		fprintf(stderr, "curfew egress: %s\n", forced->remembered.text);
}

static int apply(struct cli_egress *asked)
{
	struct cf_kernel *kernel = NULL;
	struct cf_forced forced;
	struct cf_image *image;
	struct cf_plan plan;
	struct cf_force force = {.image = asked->image,
	    .plan = &plan,
	    .options = &asked->options,
	    .confirm_s = asked->confirm_s,
	    .dry_run = asked->dry_run};
	struct cf_error error = {.status = CF_ENOMEM, .text = "no memory"};
	int code = plan_for(asked, &image, &plan);

	if (code != CMD_OK)
		return code;
	if (cf_kernel_open(&kernel) == CF_OK &&
	    cf_egress_force(kernel, &force, say_awaited, &forced, &error) == CF_OK)
		say_forced(&forced, &plan, asked->dry_run);
	else
		code = failed("the former state stays in force", &error);
	cf_kernel_close(kernel);
	cf_plan_done(&plan);
	cf_image_close(image);
	return code;
}

/* Reads the kernel's state; a CMD_ code. */
static int read_state(const struct cli_egress *asked, struct cf_kernel_state *state)
{
	struct cf_kernel *kernel;
	struct cf_error error;
	int code;

	if (cf_kernel_open(&kernel) != CF_OK) {
		fputs("curfew egress: no memory\n", stderr);
		return CMD_IO;
	}
	code = cf_kernel_read(kernel, cf_egress_was_whole(asked->image), state, &error) == CF_OK
	    ? CMD_OK
	    : failed("cannot read the kernel's tables", &error);
	cf_kernel_close(kernel);
	return code;
}

static void print_totals(struct cli_json *json, const struct cf_kernel_state *state)
{
	for (unsigned i = 0; i < CF_COUNTERS; i++) {
		const char *word = cf_egress_counter_text((enum cf_egress_counter)i);

		if (json == NULL) {
			printf("%-14s %12llu packets %15llu bytes\n", word,
			    (unsigned long long)state->totals[i].packets,
			    (unsigned long long)state->totals[i].bytes);
			continue;
		}
		cli_json_open_object(json, word);
		cli_json_number(json, "packets", (int64_t)state->totals[i].packets);
		cli_json_number(json, "bytes", (int64_t)state->totals[i].bytes);
		cli_json_close_object(json);
	}
}

static int status(const struct cli_egress *asked)
{
	struct cli_json json = cli_json_start(stdout);
	struct cf_kernel_state state;
	int code = read_state(asked, &state);

	if (code != CMD_OK)
		return code;
	if (asked->as_json) {
		cli_json_open_object(&json, NULL);
		cli_json_bool(&json, "present", state.present);
		cli_json_text(&json, "table", state.present ? state.comment : NULL);
		cli_json_bool(
		    &json, "as_left", state.present && cf_egress_is_as_left(asked->image, &state));
		print_totals(&json, &state);
		cli_json_close_object(&json);
		cli_json_end(&json);
	} else if (!state.present) {
		puts("no table: nothing is stopped here");
	} else {
		printf("%s%s\n", state.comment,
		    cf_egress_is_as_left(asked->image, &state)
		        ? ""
		        : "; somebody changed it since it was applied");
		print_totals(NULL, &state);
	}
	return state.present ? CMD_OK : CMD_FOUND;
}

/* Since when a table that was applied is not as it was left; that it was asked for otherwise is not
 * the table's doing. */
static void tell_since(
    const struct cli_egress *asked, bool good, const struct cf_kernel_state *state)
{
	char last[CF_INSTANT_TEXT_BYTES], found[CF_INSTANT_TEXT_BYTES];
	int64_t good_wall_s, drifted_wall_s;
	bool as_left = state->present && cf_egress_is_as_left(asked->image, state);

	if (!cf_egress_was_left(asked->image) || good != as_left)
		return;
	cf_egress_note(asked->image, good, cli_now_s(), &good_wall_s, &drifted_wall_s);
	if (!good)
		printf("it was as it should be at %s, and no more at %s\n",
		    cf_instant_format(good_wall_s, last), cf_instant_format(drifted_wall_s, found));
}

static int check(struct cli_egress *asked)
{
	char comment[CF_EGRESS_COMMENT_BYTES];
	const char *what = "the table is that of the image";
	struct cf_kernel_state state;
	struct cf_image *image;
	struct cf_plan plan;
	int code = plan_for(asked, &image, &plan);

	if (code != CMD_OK)
		return code;
	cf_egress_comment(&plan, &asked->options, comment);
	cf_plan_done(&plan);
	cf_image_close(image);
	code = read_state(asked, &state);
	if (code != CMD_OK)
		return code;
	if (!state.present)
		what = "there is no table: nothing is stopped; `curfew egress apply` makes it";
	else if (strcmp(state.comment, comment) != 0)
		what = "the table is of another image or other options; `curfew egress apply` "
		       "renews it";
	else if (!cf_egress_is_as_left(asked->image, &state))
		what = "somebody changed the table since it was applied; `curfew egress apply` "
		       "renews it";
	else
		comment[0] = '\0';
	puts(what);
	tell_since(asked, comment[0] == '\0', &state);
	return comment[0] == '\0' ? CMD_OK : CMD_FOUND;
}

static int take_away(const struct cli_egress *asked)
{
	struct cf_kernel *kernel;
	struct cf_error error;
	int code = CMD_OK;

	if (cf_kernel_open(&kernel) != CF_OK)
		return CMD_IO;
	cf_egress_confirmed(asked->image);
	if (cf_kernel_remove(kernel, &error) != CF_OK)
		code = failed("cannot remove the table", &error);
	cf_kernel_close(kernel);
	if (code == CMD_OK) {
		cf_egress_forget(asked->image);
		cf_kept_forget(asked->image);
		puts("removed: nothing is stopped here any more");
	}
	return code;
}

static int confirm(const struct cli_egress *asked)
{
	if (cf_egress_confirmed(asked->image)) {
		puts("confirmed: what was applied stays");
		return CMD_OK;
	}
	fputs("curfew egress confirm: nothing waits for it\n", stderr);
	return CMD_FOUND;
}

int cmd_egress(int argc, char **argv)
{
	struct cli_egress asked;
	int code;

	if (argc < 2) {
		fputs(help, stderr);
		return CMD_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		fputs(help, stdout);
		return CMD_OK;
	}
	if (!cli_egress_options_read(&asked, help, argc - 1, argv + 1, &code))
		return code;
	if (strcmp(argv[1], "apply") == 0)
		return apply(&asked);
	if (strcmp(argv[1], "check") == 0)
		return check(&asked);
	if (strcmp(argv[1], "show") == 0)
		return show(&asked);
	if (strcmp(argv[1], "status") == 0)
		return status(&asked);
	if (strcmp(argv[1], "confirm") == 0)
		return confirm(&asked);
	if (strcmp(argv[1], "remove") == 0)
		return take_away(&asked);
	fprintf(
	    stderr, "curfew egress: no verb '%s'; `curfew egress --help` lists them\n", argv[1]);
	return CMD_USAGE;
}

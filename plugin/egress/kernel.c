/* libnftables, which parses and sends, and its listing read back. */

#include "egress/kernel.h"

#include <inttypes.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cf_kernel {
	struct nft_ctx *context;
};

enum cf_status cf_kernel_open(struct cf_kernel **kernel_out)
{
	struct cf_kernel *kernel = calloc(1, sizeof *kernel);

	if (kernel == NULL)
		return CF_ENOMEM;
	kernel->context = nft_ctx_new(NFT_CTX_DEFAULT);
	if (kernel->context == NULL || nft_ctx_buffer_output(kernel->context) != 0 ||
	    nft_ctx_buffer_error(kernel->context) != 0) {
		cf_kernel_close(kernel);
		return CF_ENOMEM;
	}
	*kernel_out = kernel;
	return CF_OK;
}

void cf_kernel_close(struct cf_kernel *kernel)
{
	if (kernel == NULL)
		return;
	if (kernel->context != NULL)
		nft_ctx_free(kernel->context);
	free(kernel);
}

/* The first line of what libnftables says, without its own place in the text. */
static enum cf_status refused(struct cf_kernel *kernel, struct cf_error *error)
{
	const char *text = nft_ctx_get_error_buffer(kernel->context);
	const char *reason = strstr(text, "Error: ");
	size_t len;

	reason = reason != NULL ? reason + strlen("Error: ") : text;
	len = strcspn(reason, "\n");
	return cf_error_set(error, CF_EIO, "nftables: %.*s", (int)(len < 300 ? len : 300),
	    len > 0 ? reason : "refused");
}

static enum cf_status run(struct cf_kernel *kernel, const char *text, struct cf_error *error)
{
	return nft_run_cmd_from_buffer(kernel->context, text) == 0 ? CF_OK : refused(kernel, error);
}

enum cf_status cf_kernel_run(
    struct cf_kernel *kernel, const char *ruleset, bool dry_run, struct cf_error *error)
{
	enum cf_status status;

	nft_ctx_set_dry_run(kernel->context, dry_run);
	status = run(kernel, ruleset, error);
	nft_ctx_set_dry_run(kernel->context, false);
	return status;
}

/* True when the table is there; CF_EIO when that cannot be asked. */
static enum cf_status is_present(
    struct cf_kernel *kernel, bool *present_out, struct cf_error *error)
{
	enum cf_status status = run(kernel, "list tables inet", error);

	if (status == CF_OK)
		*present_out = strstr(nft_ctx_get_output_buffer(kernel->context),
		                   "table inet curfew\n") != NULL;
	return status;
}

static enum cf_status list(
    struct cf_kernel *kernel, unsigned flags, const char *what, struct cf_error *error)
{
	enum cf_status status;

	nft_ctx_output_set_flags(kernel->context, flags | NFT_CTX_OUTPUT_NUMERIC_ALL);
	status = run(kernel, what, error);
	nft_ctx_output_set_flags(kernel->context, 0);
	return status;
}

static void read_comment(const char *text, char comment[CF_EGRESS_COMMENT_BYTES])
{
	const char *at = strstr(text, "comment \"");
	size_t len;

	comment[0] = '\0';
	if (at == NULL)
		return;
	at += strlen("comment \"");
	len = strcspn(at, "\"\n");
	if (len < CF_EGRESS_COMMENT_BYTES) {
		memcpy(comment, at, len);
		comment[len] = '\0';
	}
}

/* "counter NAME {\n packets N bytes N" for every counter of ours. */
static void read_totals(const char *text, struct cf_egress_totals totals[CF_COUNTERS])
{
	for (unsigned i = 0; i < CF_COUNTERS; i++) {
		char head[64];
		const char *at;

		(void)snprintf(
		    head, sizeof head, "counter %s {", cf_egress_counter_text(i)); /* fits */
		at = strstr(text, head);
		totals[i] = (struct cf_egress_totals){0};
		if (at != NULL)
			(void)sscanf(at + strlen(head), " packets %" SCNu64 " bytes %" SCNu64,
			    &totals[i].packets, &totals[i].bytes); /* else they stay 0 */
	}
}

enum cf_status cf_kernel_totals(struct cf_kernel *kernel,
    struct cf_egress_totals totals_out[CF_COUNTERS], struct cf_error *error)
{
	bool present = false;
	enum cf_status status = is_present(kernel, &present, error);

	if (status == CF_OK && !present)
		return cf_error_set(error, CF_ENOTFOUND, "there is no table");
	if (status == CF_OK)
		status =
		    list(kernel, NFT_CTX_OUTPUT_TERSE, "list counters table inet curfew", error);
	if (status == CF_OK)
		read_totals(nft_ctx_get_output_buffer(kernel->context), totals_out);
	return status;
}

enum cf_status cf_kernel_read(
    struct cf_kernel *kernel, struct cf_kernel_state *state_out, struct cf_error *error)
{
	struct cf_kernel_state state = {.present = false};
	enum cf_status status = is_present(kernel, &state.present, error);
	const char *text;

	if (status == CF_OK && state.present)
		status =
		    list(kernel, NFT_CTX_OUTPUT_TERSE, "list counters table inet curfew", error);
	if (status == CF_OK && state.present) {
		read_totals(nft_ctx_get_output_buffer(kernel->context), state.totals);
		status = list(kernel, NFT_CTX_OUTPUT_STATELESS, "list table inet curfew", error);
	}
	if (status == CF_OK && state.present) {
		text = nft_ctx_get_output_buffer(kernel->context);
		read_comment(text, state.comment);
		status = cf_sha256(text, strlen(text), state.digest);
	}
	if (status == CF_OK)
		*state_out = state;
	return status;
}

enum cf_status cf_kernel_save(struct cf_kernel *kernel, char **text_out, struct cf_error *error)
{
	static const char before[] = "table inet curfew\ndelete table inet curfew\n";
	const char *text;
	bool present = false;
	enum cf_status status = is_present(kernel, &present, error);
	char *copy;

	if (status != CF_OK || !present) {
		*text_out = NULL;
		return status;
	}
	status = list(kernel, 0, "list table inet curfew", error);
	if (status != CF_OK)
		return status;
	text = nft_ctx_get_output_buffer(kernel->context);
	copy = malloc(sizeof before + strlen(text));
	if (copy == NULL)
		return CF_ENOMEM;
	memcpy(copy, before, sizeof before - 1);
	memcpy(copy + sizeof before - 1, text, strlen(text) + 1);
	*text_out = copy;
	return CF_OK;
}

enum cf_status cf_kernel_remove(struct cf_kernel *kernel, struct cf_error *error)
{
	return run(kernel, "table inet curfew\ndelete table inet curfew\n", error);
}

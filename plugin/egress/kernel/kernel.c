/* One socket; what is in force is read again when somebody changes it meanwhile. */

#include "egress/kernel/kernel.h"

#include "egress/kernel/change.h"
#include "egress/kernel/encode.h"
#include "egress/kernel/netlink.h"

#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of our sets: one for each length of prefix, and two for each kind of clients. */
#define SETS 16384
/* Tries to read a table that somebody changes meanwhile. */
#define TRIES 5

struct cf_kernel {
	int fd; /* -1: not open */
};

enum cf_status cf_kernel_open(struct cf_kernel **kernel_out)
{
	struct cf_kernel *kernel = calloc(1, sizeof *kernel);

	if (kernel == NULL)
		return CF_ENOMEM;
	kernel->fd = -1; /* opened when it is needed */
	*kernel_out = kernel;
	return CF_OK;
}

void cf_kernel_close(struct cf_kernel *kernel)
{
	if (kernel == NULL)
		return;
	if (kernel->fd >= 0)
		close(kernel->fd);
	free(kernel);
}

/* What is put together while messages come. */
struct reading {
	struct cf_kernel_state *state;
	struct cf_sha256 *sha;
	char sets[SETS][NFT_SET_MAXNAMELEN];
	unsigned set_count;
	bool too_many;
};

/* Everything that the kernel says of a thing, its handle included: it changes with the thing. */
static void digest(struct reading *reading, const uint8_t *attributes, size_t len)
{
	cf_sha256_update(reading->sha, &len, sizeof len);
	cf_sha256_update(reading->sha, attributes, len);
}

static void on_digested(void *arg, const uint8_t *attributes, size_t len)
{
	digest(arg, attributes, len);
}

static void on_table(void *arg, const uint8_t *attributes, size_t len)
{
	struct reading *reading = arg;

	reading->state->present = true;
	digest(reading, attributes, len);
}

static bool is_text(const uint8_t *value, size_t len, const char *text)
{
	return value != NULL && len == strlen(text) + 1 && memcmp(value, text, len) == 0;
}

/* libnftnl's way: type, length, and a text that ends in NUL. */
static void on_rule(void *arg, const uint8_t *attributes, size_t len)
{
	struct reading *reading = arg;
	size_t chain_len = 0, data_len = 0;
	const uint8_t *chain = cf_netlink_find(attributes, len, NFTA_RULE_CHAIN, &chain_len);
	const uint8_t *data = cf_netlink_find(attributes, len, NFTA_RULE_USERDATA, &data_len);

	digest(reading, attributes, len);
	if (is_text(chain, chain_len, CF_ABOUT_CHAIN) && data != NULL && data_len >= 2 &&
	    data[0] == CF_UDATA_COMMENT && data[1] <= data_len - 2 &&
	    data[1] < CF_EGRESS_COMMENT_BYTES) {
		memcpy(reading->state->comment, data + 2, data[1]);
		reading->state->comment[data[1]] = '\0';
	}
}

static void on_set(void *arg, const uint8_t *attributes, size_t len)
{
	struct reading *reading = arg;
	size_t name_len = 0;
	const uint8_t *name = cf_netlink_find(attributes, len, NFTA_SET_NAME, &name_len);

	digest(reading, attributes, len);
	if (name == NULL || name_len == 0 || name_len > NFT_SET_MAXNAMELEN ||
	    name[name_len - 1] != '\0')
		return;
	if (reading->set_count == SETS)
		reading->too_many = true;
	else
		memcpy(reading->sets[reading->set_count++], name, name_len);
}

static void on_nothing(void *arg, const uint8_t *attributes, size_t len)
{
	(void)arg;
	(void)attributes;
	(void)len;
}

static uint64_t be64(const uint8_t *bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 8; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* Into the totals, when it is a counter of ours. */
static void on_object(void *arg, const uint8_t *attributes, size_t len)
{
	struct cf_egress_totals *totals = arg;
	size_t name_len = 0, data_len = 0, each = 0;
	const uint8_t *name = cf_netlink_find(attributes, len, NFTA_OBJ_NAME, &name_len);
	const uint8_t *data = cf_netlink_find(attributes, len, NFTA_OBJ_DATA, &data_len), *value;

	for (unsigned i = 0; i < CF_COUNTERS && name != NULL && data != NULL; i++) {
		const char *text = cf_egress_counter_text((enum cf_egress_counter)i);

		if (!is_text(name, name_len, text))
			continue;
		value = cf_netlink_find(data, data_len, NFTA_COUNTER_PACKETS, &each);
		totals[i].packets = value != NULL && each == 8 ? be64(value) : 0;
		value = cf_netlink_find(data, data_len, NFTA_COUNTER_BYTES, &each);
		totals[i].bytes = value != NULL && each == 8 ? be64(value) : 0;
	}
}

static enum cf_status open_socket(struct cf_kernel *kernel, struct cf_error *error)
{
	return kernel->fd >= 0 ? CF_OK : cf_netlink_open(&kernel->fd, error);
}

static enum cf_status ask(struct cf_kernel *kernel, unsigned type, const char *set,
    cf_netlink_message *message, void *arg, struct cf_error *error)
{
	enum cf_status status = cf_netlink_ask(
	    kernel->fd, type, type != NFT_MSG_GETTABLE, CF_EGRESS_TABLE, set, message, arg, error);

	if (status == CF_EIO || status == CF_EAGAIN) { /* what is still to come is of no use */
		close(kernel->fd);
		kernel->fd = -1;
	}
	return status;
}

/* Once through all that makes the table; CF_EAGAIN: it changed meanwhile. */
static enum cf_status read_once(
    struct cf_kernel *kernel, struct reading *reading, struct cf_error *error)
{
	struct cf_kernel_state *state = reading->state;
	enum cf_status status = open_socket(kernel, error);

	if (status == CF_OK)
		status = cf_netlink_generation(kernel->fd, &state->generation, error);
	if (status == CF_OK)
		status = ask(kernel, NFT_MSG_GETTABLE, NULL, on_table, reading, error);
	if (status == CF_OK)
		status = ask(kernel, NFT_MSG_GETOBJ, NULL, on_object, state->totals, error);
	if (status == CF_OK)
		status = ask(kernel, NFT_MSG_GETCHAIN, NULL, on_digested, reading, error);
	if (status == CF_OK)
		status = ask(kernel, NFT_MSG_GETRULE, NULL, on_rule, reading, error);
	if (status == CF_OK)
		status = ask(kernel, NFT_MSG_GETSET, NULL, on_set, reading, error);
	for (unsigned i = 0; status == CF_OK && state->whole && i < reading->set_count; i++)
		status =
		    ask(kernel, NFT_MSG_GETSETELEM, reading->sets[i], on_digested, reading, error);
	if (status == CF_OK && reading->too_many)
		status = cf_error_set(error, CF_EIO, "the table has more than %d sets", SETS);
	/* Without the table the rest is not there, and that is an answer. */
	return status == CF_ENOTFOUND && !state->present ? CF_OK : status;
}

static enum cf_status try_read(
    struct cf_kernel *kernel, struct cf_kernel_state *state, struct cf_error *error)
{
	bool whole = state->whole;
	struct reading *reading = calloc(1, sizeof *reading);
	enum cf_status status = CF_ENOMEM;

	if (reading != NULL)
		reading->sha = cf_sha256_new();
	if (reading == NULL || reading->sha == NULL) {
		free(reading);
		return cf_error_set(error, CF_ENOMEM, "no memory");
	}
	*state = (struct cf_kernel_state){.whole = whole};
	reading->state = state;
	status = read_once(kernel, reading, error);
	cf_sha256_final(reading->sha, state->digest);
	cf_sha256_free(reading->sha);
	free(reading);
	return status;
}

enum cf_status cf_kernel_read(
    struct cf_kernel *kernel, bool whole, struct cf_kernel_state *state_out, struct cf_error *error)
{
	struct cf_kernel_state state = {.whole = whole};
	enum cf_status status = CF_EAGAIN;

	for (unsigned i = 0; i < TRIES && (status == CF_EAGAIN || status == CF_ENOTFOUND); i++)
		status = try_read(kernel, &state, error);
	if (status == CF_EAGAIN || status == CF_ENOTFOUND)
		return cf_error_set(error, CF_EIO, "somebody changes the tables all the time");
	if (status == CF_OK)
		*state_out = state;
	return status;
}

enum cf_status cf_kernel_totals(struct cf_kernel *kernel,
    struct cf_egress_totals totals_out[CF_COUNTERS], struct cf_error *error)
{
	struct cf_egress_totals totals[CF_COUNTERS] = {{0}};
	enum cf_status status = open_socket(kernel, error);

	if (status == CF_OK)
		status = ask(kernel, NFT_MSG_GETTABLE, NULL, on_nothing, NULL, error);
	if (status == CF_OK)
		status = ask(kernel, NFT_MSG_GETOBJ, NULL, on_object, totals, error);
	if (status == CF_OK)
		memcpy(totals_out, totals, sizeof totals);
	return status;
}

enum cf_status cf_kernel_put(struct cf_kernel *kernel, const struct cf_table *former,
    const struct cf_kernel_state *state, const struct cf_table *table, bool dry_run,
    uint32_t *messages_out, struct cf_error *error)
{
	struct cf_transaction batch = {.len = 0};
	enum cf_status status = open_socket(kernel, error);

	cf_transaction_begin(&batch, former != NULL ? state->generation : 0);
	if (status == CF_OK)
		status = cf_change_add(&batch, former, table, error);
	cf_transaction_end(&batch, !dry_run);
	if (status == CF_OK)
		status = cf_transaction_is_whole(&batch)
		    ? cf_netlink_send(kernel->fd, &batch, error)
		    : cf_error_set(error, CF_ENOMEM, "no memory");
	if (status == CF_OK && messages_out != NULL)
		*messages_out = batch.messages;
	cf_transaction_done(&batch);
	return status;
}

enum cf_status cf_kernel_remove(struct cf_kernel *kernel, struct cf_error *error)
{
	struct cf_transaction batch = {.len = 0};
	enum cf_status status = open_socket(kernel, error);

	cf_transaction_begin(&batch, 0);
	cf_encode_table(&batch, false);
	cf_encode_table(&batch, true);
	cf_transaction_end(&batch, true);
	if (status == CF_OK)
		status = cf_transaction_is_whole(&batch)
		    ? cf_netlink_send(kernel->fd, &batch, error)
		    : cf_error_set(error, CF_ENOMEM, "no memory");
	cf_transaction_done(&batch);
	return status;
}

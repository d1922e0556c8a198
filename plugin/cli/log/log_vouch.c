/* The options of `curfew log verify` that name who vouches. */

#include "cli/log/log_vouch.h"

#include "cli/front/cmd.h"
#include "cli/front/when.h"

#include <stdio.h>

bool log_vouch_take_key(void *place, const struct cli_given *given)
{
	struct log_vouch *vouch = place;
	struct cf_error error;

	if (cf_vouchers_add_key(&vouch->vouchers, given->value, &error) == CF_OK)
		return true;
	fprintf(stderr, "curfew %s: --key '%s': %s\n", given->verb, given->value, error.text);
	return false;
}

bool log_vouch_take_seal(void *place, const struct cli_given *given)
{
	struct log_vouch *vouch = place;

	if (vouch->witness_count == LOG_WITNESS_FILES) {
		fprintf(stderr, "curfew %s: more than %d witnesses; join them into one file\n",
		    given->verb, LOG_WITNESS_FILES);
		return false;
	}
	vouch->witnesses[vouch->witness_count++].path = given->value;
	return true;
}

bool log_vouch_take_reply(void *place, const struct cli_given *given)
{
	struct log_vouch *vouch = place;

	if (vouch->witness_count == 0 || vouch->witnesses[vouch->witness_count - 1].reply != NULL) {
		fprintf(stderr,
		    "curfew %s: --tsr stands behind the --seal whose bytes it is about\n",
		    given->verb);
		return false;
	}
	vouch->witnesses[vouch->witness_count - 1].reply = given->value;
	return true;
}

static bool take_times(struct log_vouch *vouch)
{
	struct cf_vouchers *vouchers = &vouch->vouchers;

	vouchers->has_from = vouch->from != NULL;
	vouchers->has_to = vouch->to != NULL;
	return (vouch->from == NULL ||
	           cli_parse_at("log verify", vouch->from, &vouchers->from_wall_s)) &&
	    (vouch->to == NULL || cli_parse_at("log verify", vouch->to, &vouchers->to_wall_s));
}

static int complain(const char *text, int code)
{
	fprintf(stderr, "curfew log verify: %s\n", text);
	return code;
}

static int read_witness(struct log_vouch *vouch, const char *path)
{
	struct cf_error error;
	uint64_t damaged = 0;
	enum cf_status status = cf_vouchers_add_seals(&vouch->vouchers, path, &damaged, &error);

	if (damaged > 0)
		fprintf(stderr,
		    "curfew log verify: '%s': %llu lines begin like a seal and are none; left "
		    "out\n",
		    path, (unsigned long long)damaged);
	if (status == CF_OK)
		return CMD_OK;
	return complain(error.text, status == CF_ENOTFOUND ? CMD_INVALID : CMD_IO);
}

static int read_stamped(struct log_vouch *vouch, const char *path, const char *reply)
{
	struct cf_error error;
	enum cf_status status;

	if (vouch->ca_file == NULL)
		return complain(
		    "--tsr needs --tsa, the certificates of the time stamp authority", CMD_USAGE);
	status = cf_vouchers_add_stamped(&vouch->vouchers, path, reply, vouch->ca_file, &error);
	if (status == CF_OK)
		return CMD_OK;
	return complain(error.text,
	    status == CF_EMALFORMED || status == CF_EINVALID || status == CF_ECHECKSUM ? CMD_INVALID
	                                                                               : CMD_IO);
}

static int read_witnesses(struct log_vouch *vouch)
{
	int result = CMD_OK;

	for (unsigned i = 0; i < vouch->witness_count && result == CMD_OK; i++) {
		const char *path = vouch->witnesses[i].path, *reply = vouch->witnesses[i].reply;

		result =
		    reply == NULL ? read_witness(vouch, path) : read_stamped(vouch, path, reply);
	}
	return result;
}

bool log_vouch_open(struct log_vouch *vouch, struct cf_verify_with *with, int *exit_out)
{
	*exit_out = CMD_USAGE;
	if (!take_times(vouch))
		return false;
	if (vouch->sensor != NULL && !cf_vouchers_expect(&vouch->vouchers, vouch->sensor)) {
		fprintf(stderr, "curfew log verify: '%.100s' is not SENSOR or SENSOR/SOURCE\n",
		    vouch->sensor);
		return false;
	}
	*exit_out = read_witnesses(vouch);
	if (*exit_out != CMD_OK)
		return false;
	cf_vouchers_fill(&vouch->vouchers, cli_now_s(), with);
	return true;
}

void log_vouch_done(struct log_vouch *vouch)
{
	cf_vouchers_done(&vouch->vouchers);
}

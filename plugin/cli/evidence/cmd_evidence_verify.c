/* curfew evidence verify: is it what it says? */

#include "cli/evidence/evidence_cmd.h"
#include "cli/evidence/findings_print.h"
#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/front/trusted_key.h"
#include "evidence/verify.h"

#include <stdio.h>

static const char help[] =
    "usage: curfew evidence verify [options] FILE.tar.zst\n"
    "\n"
    "Checks an evidence, without network: the signature, each file's digest, that images are what "
    "they\n"
    "are called and what policy and packs give, that the logs' seals hold and agree with what "
    "others\n"
    "kept, that each verdict is what its image decides, and that the reports are what the logs "
    "give.\n"
    "Says what could be confirmed, what is contradicted, and what nobody can know.\n"
    "\n"
    "  -k, --key KEY        a public key of who may have signed it: its line, or its .pub file\n"
    "      --sensor-key KEY a public key that signs seals of the logs; may be repeated\n"
    "      --seal FILE      seals that were kept elsewhere; may be repeated\n"
    "      --max-size GIB   refuse what unpacks to more (64)\n"
    "  -j, --json           as JSON\n"
    "\n"
    "exit: 0 all of it confirmed, 1 something is contradicted, 2 usage, 3 no evidence, or "
    "damaged,\n"
    "4 input/output, 5 nothing is contradicted, and something could not be confirmed\n";

/* Keys of sensors that one command line names. */
#define KEYS 16

struct request {
	struct cf_keyring keyring;
	struct cli_seals seals;
	const char *keys[KEYS];
	size_t key_count;
	unsigned most_gib;
	bool as_json;
};

static bool take_sensor_key(void *place, const struct cli_given *given)
{
	struct request *request = place;

	if (request->key_count == KEYS) {
		fprintf(stderr, "curfew %s: more than %d keys\n", given->verb, KEYS);
		return false;
	}
	request->keys[request->key_count++] = given->value;
	return true;
}

static const struct cli_option options[] = {
    CLI_VALUE("key", 'k', struct request, keyring, cli_take_trusted_key),
    CLI_VALUE("seal", 0, struct request, seals, cli_take_seal),
    CLI_TAKEN("sensor-key", 0, take_sensor_key),
    CLI_NUMBER("max-size", 0, struct request, most_gib, 1000000),
    CLI_SWITCH("json", 'j', struct request, as_json),
    CLI_OPTIONS_END,
};

static int verify(const struct request *request, const char *path)
{
	const struct cf_evidence_verify verify = {.path = path,
	    .keyring = &request->keyring,
	    .vouchers = {.seals = request->seals.paths,
	        .seal_count = request->seals.count,
	        .keys = request->keys,
	        .key_count = request->key_count},
	    .most_bytes = (uint64_t)request->most_gib << 30,
	    .notices = {.tell = cli_evidence_tell}};
	struct cf_error error = {.status = CF_OK};
	struct cli_findings findings = {.as_json = request->as_json};
	struct cf_sayings sayings;
	enum cf_status status;
	int code;

	cf_sayings_init(&sayings, cli_findings_hear, &findings);
	status = cf_evidence_verify(&verify, &sayings, &error);
	code = status == CF_OK ? cli_findings_end(&findings, &sayings)
	                       : cli_evidence_failed(status, &error);
	cf_sayings_done(&sayings);
	return code;
}

int cmd_evidence_verify(int argc, char **argv)
{
	struct request request = {.most_gib = 0};
	int code;

	if (!cli_options_read(options, "evidence verify", help, &request, argc, argv, &code))
		return code;
	if (argc - optind != 1) {
		fputs("usage: curfew evidence verify [options] FILE.tar.zst\n", stderr);
		return CMD_USAGE;
	}
	return verify(&request, argv[optind]);
}

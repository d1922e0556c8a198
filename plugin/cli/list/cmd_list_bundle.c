/* curfew list bundle: a pack as one file, to be signed and published. */

#include "base/file_writer.h"
#include "base/sha256.h"
#include "cli/front/options.h"
#include "cli/list/list_cmd.h"
#include "trust/bundle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: curfew list bundle PACK -o FILE\n"
    "\n"
    "Writes the tables and presets of a pack into one file, tar and zstd: `tar --zstd -tf FILE` "
    "lists\n"
    "it. A pack with errors is refused. `curfew list sign FILE` comes next.\n"
    "\n"
    "  -o, --output FILE  where to\n"
    "\n"
    "exit: 0 done, 2 usage, 3 the pack is invalid, 4 input/output\n";

struct request {
	const char *output;
};

static const struct cli_option options[] = {
    CLI_WORD("output", 'o', struct request, output),
    CLI_OPTIONS_END,
};

static int write_bundle(const char *path, const uint8_t *data, size_t len)
{
	struct cf_file_writer writer;
	enum cf_status status = cf_file_writer_open(&writer, path);

	if (status == CF_OK) {
		(void)fwrite(data, 1, len, writer.to); /* the commit sees a failure */
		status = cf_file_writer_commit(&writer);
	}
	if (status == CF_OK)
		return CMD_OK;
	fprintf(stderr, "curfew list bundle: cannot write '%s': %s\n", path,
	    cf_file_writer_why(&writer));
	return CMD_IO;
}

int cmd_list_bundle(int argc, char **argv)
{
	char digest_text[CF_SHA256_TEXT_BYTES];
	uint8_t *data, digest[CF_SHA256_BYTES];
	struct request request = {.output = NULL};
	struct cf_pack *pack = NULL;
	struct cf_error error;
	enum cf_status status;
	size_t len;
	int code;

	if (!cli_options_read(options, "list bundle", help, &request, argc, argv, &code))
		return code;
	if (argc - optind != 1 || request.output == NULL) {
		fputs("usage: curfew list bundle PACK -o FILE\n", stderr);
		return CMD_USAGE;
	}
	code = cli_pack_read("bundle", argv[optind], &pack);
	if (code != CMD_OK)
		return code;
	status = cf_bundle_make(pack->dir, &data, &len, &error);
	if (status == CF_OK && cf_sha256(data, len, digest) == CF_OK) {
		code = write_bundle(request.output, data, len);
		if (code == CMD_OK)
			printf("%s: pack %s, version %s, %zu names, %zu networks, %zu bytes, "
			       "sha256 %s\n",
			    request.output, pack->vendor, pack->version, pack->name_count,
			    pack->network_count, len, cf_sha256_format(digest, digest_text));
		free(data);
	} else {
		fprintf(stderr, "curfew list bundle: %s\n", error.text);
		code = cli_exit_for(status);
	}
	cf_pack_free(pack);
	return code;
}

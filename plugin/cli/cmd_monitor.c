/* `curfew monitor`: the passive sensor. */

#include "cli/cmd.h"

#include "monitor/capture_file.h"
#include "monitor/decoder.h"
#include "monitor/names_printer.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* More files on one command line are a mistake; a shell pipe takes any number. */
#define FILES 4096U

/* Packets between two looks at the progress. */
#define PROGRESS_PACKETS 65536U

struct options {
	const char *files[FILES];
	unsigned file_count;
	bool names;
	bool quiet;
};

static void print_usage(FILE *to)
{
	fputs("usage: curfew monitor -r FILE [-r FILE]... --names [FILE]...\n"
	      "\n"
	      "  -r, --read FILE  read packets from FILE, pcap or pcapng, also gzip or zstd "
	      "compressed;\n"
	      "                   '-' is standard input\n"
	      "      --names      print every name observed: client, server, port, kind, name,\n"
	      "                   separated by tabs; kind is dns, tls, quic or http\n"
	      "  -q, --quiet      no progress on a terminal\n",
	    to);
}

/* False when the command line is wrong; the reason is printed. */
static bool read_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
	    {"read", required_argument, NULL, 'r'},
	    {"names", no_argument, NULL, 'N'},
	    {"quiet", no_argument, NULL, 'q'},
	    {NULL, 0, NULL, 0},
	};
	int letter;

	optind = 1;
	while ((letter = getopt_long(argc, argv, "r:q", known, NULL)) != -1) {
		if (letter == 'N') {
			options->names = true;
		} else if (letter == 'q') {
			options->quiet = true;
		} else if (letter == 'r' && options->file_count < FILES) {
			options->files[options->file_count++] = optarg;
		} else {
			print_usage(stderr);
			return false;
		}
	}
	while (optind < argc && options->file_count < FILES)
		options->files[options->file_count++] = argv[optind++];
	if (optind < argc || options->file_count == 0 || !options->names) {
		print_usage(stderr);
		return false;
	}
	return true;
}

static void show_progress(const struct cf_capture_file *file, const char *path)
{
	uint64_t used, size;

	cf_capture_file_progress(file, &used, &size);
	if (size > 0)
		fprintf(stderr, "\r%s: %3u %%", path, (unsigned)(used * 100 / size));
}

/* Reads one file to its end, or as far as it can be read. */
static enum cf_status read_file(
    struct cf_decoder *decoder, const char *path, bool progress, struct cf_error *error)
{
	struct cf_capture_file *file;
	struct cf_frame frame;
	enum cf_status status = cf_capture_file_open(path, &file, error);

	if (status != CF_OK)
		return status;
	for (unsigned count = 1; (status = cf_capture_file_next(file, &frame, error)) == CF_OK;
	     count++) {
		cf_decoder_packet(decoder, frame.link_type, frame.interface, frame.at_wall_us,
		    frame.data, frame.captured_bytes, frame.wire_bytes);
		if (progress && count % PROGRESS_PACKETS == 0)
			show_progress(file, path);
	}
	if (progress)
		fputs("\r\033[K", stderr);
	cf_capture_file_close(file);
	return status == CF_ENOTFOUND ? CF_OK : status;
}

static int run_names(const struct options *options)
{
	bool progress = !options->quiet && isatty(STDERR_FILENO) == 1;
	struct cf_names_printer *printer = NULL;
	struct cf_decoder *decoder = NULL;
	struct cf_error error = {.status = CF_OK};
	struct cf_observer observer;
	int result = CMD_OK;

	if (cf_names_printer_new(stdout, &printer) != CF_OK) {
		fputs("curfew: no memory\n", stderr);
		return CMD_IO;
	}
	observer = cf_names_printer_observer(printer);
	if (cf_decoder_new(&observer, 0, &decoder) != CF_OK) {
		fputs("curfew: no memory\n", stderr);
		result = CMD_IO;
		goto out;
	}
	for (unsigned i = 0; i < options->file_count; i++)
		if (read_file(decoder, options->files[i], progress, &error) != CF_OK) {
			fprintf(stderr, "curfew: %s; going on with what was read\n", error.text);
			result = CMD_IO;
		}
	cf_decoder_flush(decoder);
	if (fflush(stdout) != 0 || cf_names_printer_status(printer) != CF_OK) {
		fputs("curfew: cannot write the names\n", stderr);
		result = CMD_IO;
	}
out:
	cf_decoder_free(decoder);
	cf_names_printer_free(printer);
	return result;
}

int cmd_monitor(int argc, char **argv)
{
	static struct options options; /* large, and there is one command line */

	options = (struct options){.file_count = 0};
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		print_usage(stdout);
		return CMD_OK;
	}
	if (!read_options(argc, argv, &options))
		return CMD_USAGE;
	return run_names(&options);
}

/*
 * Names read from each capture of a folder, with and without the kernel prefilter in between.
 *
 *   prefilter_corpus IMAGE FOLDER
 *
 * Prints recall by kind and the part of packets that passes; fails when a kind loses more than the
 * filter admits to lose. Captures whose link type is not Ethernet are left out.
 */
#include "monitor/capture/bpf_prefilter.h"
#include "monitor/capture/capture_file.h"
#include "monitor/decode/decoder.h"
#include "monitor/names_printer.h"

#include <dirent.h>
#include <pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {"dns", "tls", "quic", "http"};
/* Greased QUIC versions, hellos in pieces off port 443, odd methods: see bpf_prefilter.h. */
static const double least[] = {0.995, 0.97, 0.95, 0.93};

struct totals {
	unsigned long expected[4], found[4];
	unsigned long packets, passed;
};

static char *read_names(const char *path, const struct bpf_program *filter, struct totals *totals)
{
	struct cf_names_printer *printer;
	struct cf_capture_file *file;
	struct cf_decoder *decoder;
	struct cf_observer observer;
	struct cf_error error;
	struct cf_frame frame;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL || cf_names_printer_new(out, &printer) != CF_OK)
		exit(4);
	observer = cf_names_printer_observer(printer);
	if (cf_decoder_new(&observer, 0, &decoder) != CF_OK)
		exit(4);
	if (cf_capture_file_open(path, &file, &error) == CF_OK) {
		while (cf_capture_file_next(file, &frame, &error) == CF_OK) {
			if (frame.link_type != DLT_EN10MB)
				break;
			totals->packets += filter != NULL;
			if (filter != NULL &&
			    bpf_filter(filter->bf_insns, frame.data, (u_int)frame.wire_bytes,
			        (u_int)frame.captured_bytes) == 0)
				continue;
			totals->passed += filter != NULL;
			cf_decoder_packet(decoder, frame.link_type, 0, frame.at_wall_us, frame.data,
			    frame.captured_bytes, frame.wire_bytes);
		}
		cf_capture_file_close(file);
	}
	cf_decoder_flush(decoder);
	cf_decoder_free(decoder);
	cf_names_printer_free(printer);
	fclose(out);
	return text;
}

/* Each line of all is looked for in some; both are sets. */
static void compare(char *all, const char *some, struct totals *totals)
{
	char *rest = all, *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		char *kind = line;
		const char *at = some;
		size_t len = strlen(line);
		bool found = false;

		for (unsigned i = 0; i < 3 && kind != NULL; i++)
			kind = strchr(kind, '\t') == NULL ? NULL : strchr(kind, '\t') + 1;
		while (!found && len > 0 && (at = strstr(at, line)) != NULL) {
			found = (at == some || at[-1] == '\n') && at[len] == '\n';
			at += len;
		}
		for (unsigned i = 0; kind != NULL && i < 4; i++)
			if (strncmp(kind, kinds[i], strlen(kinds[i])) == 0 &&
			    kind[strlen(kinds[i])] == '\t') {
				totals->expected[i]++;
				totals->found[i] += found;
			}
	}
}

int main(int argc, char **argv)
{
	struct cf_image *image;
	struct cf_prefilter prefilter;
	struct bpf_insn code[BPF_MAXINSNS];
	struct bpf_program filter = {.bf_insns = code};
	struct totals totals = {.packets = 0};
	struct cf_error error;
	struct dirent *entry;
	int result = 0;
	DIR *folder;

	if (argc != 3)
		return 2;
	folder = opendir(argv[2]);
	if (folder == NULL) {
		printf("skipped: no captures at %s\n", argv[2]);
		return 77;
	}
	if (cf_image_open(argv[1], &image, &error) != CF_OK ||
	    cf_prefilter_build(image, DLT_EN10MB, &prefilter, &error) != CF_OK) {
		fprintf(stderr, "%s\n", error.text);
		return 4;
	}
	filter.bf_len = prefilter.length;
	for (unsigned i = 0; i < prefilter.length; i++)
		code[i] = (struct bpf_insn){.code = prefilter.code[i].code,
		    .jt = prefilter.code[i].jt,
		    .jf = prefilter.code[i].jf,
		    .k = prefilter.code[i].k};
	while ((entry = readdir(folder)) != NULL) {
		char path[4096];
		char *all, *some;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", argv[2], entry->d_name);
		all = read_names(path, NULL, &totals);
		some = read_names(path, &filter, &totals);
		compare(all, some, &totals);
		free(all);
		free(some);
	}
	closedir(folder);
	cf_image_close(image);
	printf("%u instructions, %lu of %lu packets pass\n", prefilter.length, totals.passed,
	    totals.packets);
	for (unsigned i = 0; i < 4; i++) {
		double recall = totals.expected[i] == 0
		    ? 1
		    : (double)totals.found[i] / (double)totals.expected[i];

		printf("%s %lu of %lu, %.2f %%\n", kinds[i], totals.found[i], totals.expected[i],
		    100 * recall);
		if (recall < least[i])
			result = 1;
	}
	return result;
}

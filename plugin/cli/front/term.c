/* Colour, progress and questions; nothing happens where no person looks. */

#include "cli/front/term.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH 30
/* Items between redraws when the end is not known. */
#define SPIN_STEP 4096

bool cli_term_has_colour(FILE *to)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	return (no_colour == NULL || no_colour[0] == '\0') && term != NULL &&
	    strcmp(term, "dumb") != 0 && isatty(fileno(to)) == 1;
}

const char *cli_term_style(FILE *to, enum cli_style style)
{
	static const char *const sequences[] = {
	    "\033[0m", "\033[1m", "\033[2m", "\033[31m", "\033[33m", "\033[32m"};

	return cli_term_has_colour(to) ? sequences[style] : "";
}

enum cli_style cli_term_verdict_style(enum cf_verdict verdict)
{
	switch (verdict) {
	case CF_VERDICT_PASS:
		return CLI_GREEN;
	case CF_VERDICT_FLAG:
		return CLI_YELLOW;
	case CF_VERDICT_BLOCK:
		return CLI_RED;
	}
	return CLI_PLAIN;
}

struct cli_progress cli_progress_start(const char *what, uint64_t total)
{
	return (struct cli_progress){
	    .what = what,
	    .total = total,
	    .shown = isatty(STDERR_FILENO) == 1,
	    .last_percent = 101,
	};
}

void cli_progress_update(struct cli_progress *progress, uint64_t done)
{
	static const char hashes[] = "##############################";
	unsigned percent;

	if (!progress->shown)
		return;
	if (progress->total == 0) {
		if (done - progress->last_done >= SPIN_STEP) {
			progress->last_done = done;
			fprintf(stderr, "\r%s %" PRIu64, progress->what, done);
		}
		return;
	}
	percent = done >= progress->total ? 100 : (unsigned)(done * 100 / progress->total);
	if (percent == progress->last_percent)
		return;
	progress->last_percent = percent;
	fprintf(stderr, "\r%s [%-*.*s] %3u%%", progress->what, BAR_WIDTH,
	    (int)(percent * BAR_WIDTH / 100), hashes, percent);
}

void cli_progress_end(struct cli_progress *progress)
{
	if (progress->shown && (progress->last_percent != 101 || progress->last_done != 0))
		fputs("\r\033[K", stderr);
}

void cli_term_put(FILE *to, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text, next = (unsigned char)text[1];

		/* C1 controls come as bytes, or in UTF-8 as two. */
		if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && byte < 0xa0) ||
		    (byte == 0xc2 && next >= 0x80 && next < 0xa0))
			fprintf(to, "\\x%02x", byte);
		else
			putc(byte, to);
	}
}

bool cli_term_ask(const char *question)
{
	char answer[16];

	fprintf(stderr, "%s [y/N] ", question);
	fflush(stderr);
	if (fgets(answer, sizeof answer, stdin) == NULL)
		return false;
	return answer[0] == 'y' || answer[0] == 'Y';
}

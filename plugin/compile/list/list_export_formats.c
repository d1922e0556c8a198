/* What every format writes alike: its head, and the names that it cannot say. */

#include "compile/list/list_export_formats.h"

#include "base/instant.h"

#include <string.h>

/* Text of packs and policies in a comment: no line ends. */
static void put_text(FILE *to, const char *text)
{
	for (; *text != '\0'; text++)
		(void)fputc((unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text,
		    to); /* errors stick */
}

void cf_export_head(struct cf_exporter *exporter, const char *mark)
{
	const struct cf_export *export = exporter->export;
	char at[CF_INSTANT_TEXT_BYTES];

	exporter->mark = mark;
	fprintf(exporter->to, "%scurfew: what is in force at %s\n", mark,
	    cf_instant_format(export->at_wall_s, at));
	fprintf(exporter->to, "%spack ", mark);
	put_text(exporter->to, export->vendor);
	fputs(" version ", exporter->to);
	put_text(exporter->to, export->version);
	fputs("; policy ", exporter->to);
	put_text(exporter->to, export->policy);
	if (export->citation[0] != '\0') {
		fprintf(exporter->to, "\n%s", mark);
		put_text(exporter->to, export->citation);
	}
	fputc('\n', exporter->to);
	cf_export_list_unsaid(exporter);
}

void cf_export_list_unsaid(struct cf_exporter *exporter)
{
	const struct cf_export *export = exporter->export;

	for (size_t i = 0; i < export->unsaid_count; i++)
		fprintf(exporter->to, "%sleft out: %s (holds a zero byte)\n", exporter->mark,
		    export->unsaid[i]);
	exporter->counts.left_out += export->unsaid_count;
}

void cf_export_leave_out(
    struct cf_exporter *exporter, const struct cf_export_name *name, const char *why)
{
	exporter->counts.left_out++;
	fprintf(exporter->to, "%sleft out: %s (%s)\n", exporter->mark, name->name, why);
}

bool cf_export_is_odd(struct cf_exporter *exporter, const struct cf_export_name *name)
{
	if (!name->plain)
		cf_export_leave_out(exporter, name, "has bytes that this format cannot spell");
	return !name->plain;
}

/* A document as one page; see doc_html for now: filled in next. */
#include "report/doc.h"

enum cf_status cf_doc_html(const struct cf_doc *doc, FILE *to)
{
	(void)doc;
	(void)to;
	return CF_EUNSUPPORTED;
}

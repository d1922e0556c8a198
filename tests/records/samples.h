/* Hits as the module and the monitor make them, for tests and benchmarks. */
#pragma once

#include "records/form/record.h"

/* A blocked A query for dnl-03.geo.kaspersky.com from 10.20.30.40, 2024-10-01T08:14:03.481207Z. */
void sample_blocked_query(struct cf_hit *hit);
/* A flow to a vendor network that no DNS answer announced. */
void sample_hardcoded_flow(struct cf_hit *hit);
/* Every member set, every text as long as it may be and made of bytes that must be escaped. */
void sample_fullest(struct cf_hit *hit);

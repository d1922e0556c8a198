/* A preset of any bytes is read or refused with at least one error; what is read can be used. */

#include "compile/policy/preset.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cf_preset *preset = NULL;
	struct cf_diags diags;
	enum cf_status status;

	cf_diags_init(&diags);
	status = cf_preset_parse((const char *)data, len, "p.yaml", "p", &preset, &diags);
	if ((status == CF_OK) != (diags.errors == 0) || (status == CF_OK) != (preset != NULL))
		abort();
	for (unsigned i = 0; status == CF_OK && i < CF_CATEGORIES; i++) {
		const struct cf_preset_phase *phase = NULL;

		(void)cf_preset_verdict(preset, i, 1727582400, &phase);
		if (phase != NULL && phase->from_wall_s > 1727582400)
			abort();
	}
	cf_preset_free(preset);
	cf_diags_done(&diags);
	return 0;
}

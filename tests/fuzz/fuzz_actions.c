/* The record of actions, as a file that anybody may have written to. */

#include "../scratch_template.h"
#include "ledger/action.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char ledger[SCRATCH_BYTES], path[SCRATCH_COMMAND_BYTES];
	struct cf_actions *actions = NULL;
	struct cf_error error;
	int fd = mkstemp(scratch_template(ledger, "fuzz"));

	if (fd < 0)
		return 0;
	close(fd);
	snprintf(path, sizeof path, "%s.actions", ledger);
	FILE *to = fopen(path, "we");

	if (to != NULL) {
		(void)!fwrite(data, 1, size, to);
		fclose(to);
		if (cf_actions_open(ledger, &actions, &error) == CF_OK) {
			for (size_t i = 0; i < cf_actions_count(actions); i++)
				if (strlen(cf_actions_get(actions, i)->verb) > size)
					abort();
			cf_actions_close(actions);
		}
	}
	unlink(path);
	unlink(ledger);
	return 0;
}

/* An explanation for people and for programs. One thread. */
#pragma once

#include "policy/explain.h"

#include <stdio.h>

/* For people, with the reasons below one another. */
void cli_explanation_print(const struct cf_explanation *explanation, FILE *to);

/* One JSON object; the keys are in curfew-explain(1). */
void cli_explanation_print_json(const struct cf_explanation *explanation, FILE *to);

#include "doctor/shipping.h"

#include "base/instant.h"
#include "base/json/json_in.h"
#include "doctor/findings.h"

#include <stdlib.h>
#include <string.h>

/* It is written each second while it runs. */
#define STALE_S 60
/* Bundles wait five minutes; after this something is in their way. */
#define BEHIND_S 900

static void judge_age(struct cf_doctor *doctor, const char *status, int64_t at_wall_s)
{
	char text[64] = "", state[16] = "";
	int64_t written_wall_s = 0;

	(void)cf_json_find_text(status, "timestamp", text, sizeof text); /* else it is 1970 */
	(void)cf_json_find_text(status, "state", state, sizeof state);
	if (cf_instant_parse(text, &written_wall_s) != CF_OK ||
	    at_wall_s - written_wall_s > STALE_S)
		cf_doctor_problem(doctor, "curfew ship %s %lld s ago; does curfew-ship run",
		    strcmp(state, "stopped") == 0 ? "was stopped" : "wrote its status last",
		    (long long)(at_wall_s - written_wall_s));
}

static void judge_losses(struct cf_doctor *doctor, const char *status)
{
	uint64_t refused = 0, lost = 0, broken = 0;

	(void)cf_json_find_number(status, "refused", &refused); /* absent: 0, as all here */
	(void)cf_json_find_number(status, "lost", &lost);
	(void)cf_json_find_number(status, "broken", &broken);
	if (refused > 0)
		cf_doctor_problem(doctor,
		    "the store does not take what %llu writers of this sensor have (another "
		    "machine of "
		    "its name, a log begun anew, its certificate): journalctl -u curfew-ship",
		    (unsigned long long)refused);
	if (lost > 0)
		cf_doctor_problem(doctor, "%llu seals were rotated away before they were shipped",
		    (unsigned long long)lost);
	if (broken > 0)
		cf_doctor_problem(doctor,
		    "%llu segments of the log were changed, and are not shipped: curfew log verify",
		    (unsigned long long)broken);
}

void cf_doctor_look_at_shipping(struct cf_doctor *doctor, int64_t at_wall_s)
{
	char trouble[512] = "";
	char *status;
	size_t len;

	status = doctor->places.shipping[0] == '\0'
	    ? NULL
	    : cf_doctor_read_file(doctor->places.shipping, 65536, &len);
	if (status == NULL)
		return;
	doctor->ships = true;
	(void)cf_json_find_text(
	    status, "trouble", trouble, sizeof trouble); /* absent: 0, as below */
	(void)cf_json_find_number(status, "shipped_seq", &doctor->shipped_seq);
	(void)cf_json_find_number(status, "behind_s", &doctor->ship_behind_s);
	(void)cf_json_find_number(status, "unshipped_bytes", &doctor->unshipped_bytes);
	judge_age(doctor, status, at_wall_s);
	if (doctor->ship_behind_s > BEHIND_S || trouble[0] != '\0')
		cf_doctor_problem(doctor, "the log is %llu s behind in the store%s%.300s",
		    (unsigned long long)doctor->ship_behind_s, trouble[0] == '\0' ? "" : ": ",
		    trouble);
	judge_losses(doctor, status);
	free(status);
}

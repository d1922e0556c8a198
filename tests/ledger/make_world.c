/* usage: make-world DIR SEED SITES HOSTS DAYS: the logs of a made-up network, for tests in Python.
 */

#include "world.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct world_truth *truth = NULL;
	struct world_coverage *coverage = NULL;
	struct world_odd odd;

	if (argc != 6)
		return 2;
	struct world world = {.seed = strtoul(argv[2], NULL, 10),
	    .sites = (uint32_t)strtoul(argv[3], NULL, 10),
	    .hosts = (uint32_t)strtoul(argv[4], NULL, 10),
	    .days = (uint32_t)strtoul(argv[5], NULL, 10),
	    .sighting_hours = 6,
	    .rotate_days = 3};

	snprintf(world.dir, sizeof world.dir, "%s", argv[1]);
	world_make(&world, &truth, &coverage, &odd);
	free(truth);
	free(coverage);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netd-worker: the program in which guest services run; started by the keeper only. */
#include "netd/worker/worker-frame.h"

int main(int argc, char **argv)
{
	/* A role is added here and, with its engines, to worker_sources in meson.build. */
	static const struct worker_role *const roles[] = {
		&role_dhcp,
		&role_dns,
		&role_files,
		NULL,
	};

	return worker_main(roles, argc, argv);
}

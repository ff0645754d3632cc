/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worker-page.h — the memory that a worker shares with the controller: written by the worker, read
 * by the controller after the worker's death, too. What stands there is the word of a process that
 * may be hostile. */
#ifndef NETD_WORKER_PAGE_H
#define NETD_WORKER_PAGE_H

#include <stdatomic.h>
#include <stdint.h>

#define WORKER_PAGE_SIZE 4096

struct worker_page {
	_Atomic uint32_t serving; /* net_id; 0: none */
};

#endif

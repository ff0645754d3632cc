/* SPDX-License-Identifier: GPL-2.0-or-later */
/* patient.h — open a folder that may be on a file system that doesn't answer (a server that is
 * gone, an automount), without waiting longer than PATIENT_MSEC. */
#ifndef NETD_PATIENT_H
#define NETD_PATIENT_H

#include "base/util.h"

#include <sys/stat.h>

#define PATIENT_MSEC 200
#define PATIENT_STUCK_MAX                                                                          \
	4 /* threads that wait for such folders; then others are refused at once */

/* An O_PATH descriptor of the folder, and its status. -errno; -ETIMEDOUT when it doesn't answer:
 * then a thread goes on waiting for it, and closes it, should it come. */
int patient_open_folder(const char *path, struct stat *ret) mustcheck;

#endif

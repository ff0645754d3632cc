/* SPDX-License-Identifier: GPL-2.0-or-later */
/* columns.h — a table for people, laid out as virsh does: one blank in front, three between
 * columns, a line of dashes below the header, columns as wide as their widest cell on the terminal.
 */
#ifndef NETCTL_COLUMNS_H
#define NETCTL_COLUMNS_H

#include "base/util.h"

struct columns;

/* `titles` ends with NULL and becomes the header. NULL when out of memory. */
struct columns *columns_new(const char *const titles[]) mustcheck;
void columns_free(struct columns *c);
/* One cell for each title; copied, with bytes that a terminal might obey shown as \xNN. A NULL cell
 * is "-". */
void columns_add(struct columns *c, const char *const cells[]);
/* Print to stdout, with or without the header. Returns -1 when memory ran out on the way. */
int columns_print(const struct columns *c, bool header) mustcheck;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* path.h — the name of a file as guests write it, brought into the one form in which it is opened.
 */
#ifndef TFTP_PATH_H
#define TFTP_PATH_H

#include "base/util.h"

#define BOOT_PATH_MAX 255 /* octets of a name */

/* Components of `name` joined by single '/', none of them empty, "." or "..", no '/' at either end:
 * always relative to the root folder. With `backslashes` '\' separates as well. Other octets are
 * kept as they are. `to` is written only when 0 is returned; otherwise -ENOENT        there is no
 * name -ENAMETOOLONG  it has more than BOOT_PATH_MAX octets -EACCES        it climbs (".."), or is
 * the root folder itself -EINVAL        it contains a NUL */
int boot_path(const uint8_t *name, size_t n, bool backslashes, char to[static BOOT_PATH_MAX + 1])
    mustcheck;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/pool.h"

#include "base/file.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How many virtual functions the device has now; 0 too when it has never heard of such. */
static uint32_t count_functions(const char *dev)
{
	char path[256], text[32];
	uint32_t n = 0;

	snprintf(path, sizeof(path), "/sys/class/net/%.100s/device/sriov_numvfs", dev);
	if (file_read_proc(path, text, sizeof(text)) < 0 || parse_u32(text, 0, UINT32_MAX, &n) < 0)
		return 0;
	return n;
}

static int check_pf(const struct mirror *m, const struct network *def, struct err *e)
{
	const char *pf = def->forward.pf;

	if (!pf || network_owns_bridge(def))
		return 0;
	/* What the mirror has is a name, and no path. */
	if (!mirror_by_name(m, pf))
		return err_set(e, ERR_INTERNAL,
			       "No usable Vf's present on SRIOV PF %s: network '%s': <pf "
			       "dev='%s'> names a device that is missing on this host",
			       pf, def->name, pf);
	if (count_functions(pf) == 0)
		return err_set(e, ERR_INTERNAL,
			       "No usable Vf's present on SRIOV PF %s: network '%s': make some by "
			       "writing their number to /sys/class/net/%s/device/sriov_numvfs",
			       pf, def->name, pf);
	return 0;
}

static int check_function(const struct network *def, const struct pci_address *a, struct err *e)
{
	char device[64], path[128];

	snprintf(device, sizeof(device), "%04x:%02x:%02x.%x", a->domain, a->bus, a->slot,
		 a->function);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", device);
	if (access(path, F_OK) < 0)
		return err_set(e, ERR_CONFIG_UNSUPPORTED,
			       "network '%s': the PCI device '%s' is missing on this host",
			       def->name, device);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/physfn", device);
	if (access(path, F_OK) < 0)
		return err_set(e, ERR_CONFIG_UNSUPPORTED,
			       "device '%s' in network '%s' is not an SR-IOV Virtual Function; "
			       "only such can be given to guests",
			       device, def->name);
	return 0;
}

static void warn_missing(const struct mirror *m, const struct network *def, const char *what,
			 const char *dev)
{
	if (!mirror_by_name(m, dev))
		log_warning("network '%s' is started without its %s '%s', which is missing on this "
			    "host: ports there will fail until it appears",
			    def->name, what, dev);
}

int pool_check(const struct mirror *m, const struct network *def, struct err *e)
{
	const struct forward *f = &def->forward;
	int err = check_pf(m, def, e);

	if (err < 0 || network_owns_bridge(def))
		return err;
	if (def->bridge && !network_makes_bridge(def))
		warn_missing(m, def, "bridge", def->bridge);
	for (size_t i = 0; i < f->n_interfaces && err == 0; i++) {
		if (f->interfaces[i].is_pci)
			err = check_function(def, &f->interfaces[i].pci, e);
		else
			warn_missing(m, def, "device", f->interfaces[i].dev);
	}
	return err;
}

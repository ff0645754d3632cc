# SPDX-License-Identifier: GPL-2.0-or-later
"""A real libvirtd with its network driver in a namespace of its own, to be asked."""
import os

import lib

# Everything it writes goes to file systems of its own; with CHROOT it is that of another Debian. Kernels without the
# action "csum" of tc, which only DHCP to very old guests needs, would let it start nothing.
SCRIPT = r'''
root=$1 folder=$2
mount --make-rprivate /
for d in run etc/libvirt var/lib/libvirt var/log var/cache; do mkdir -p $root/$d && mount -t tmpfs t $root/$d; done
mount --bind $folder $root/mnt
if [ -n "$root" ]; then for d in proc sys dev; do mount --rbind /$d $root/$d; done; fi
mkdir -p $root/run/bin $root/run/drivers $root/etc/libvirt/qemu/networks/autostart $root/var/lib/libvirt/dnsmasq
cat > $root/etc/libvirt/libvirtd.conf << E
unix_sock_dir = "/mnt"
auth_unix_rw = "none"
auth_unix_ro = "none"
log_outputs = "3:stderr"
E
printf '#!/bin/sh\ncase "$*" in *"action csum"*) exit 0 ;; esac\nexec /usr/sbin/tc "$@"\n' > $root/run/bin/tc
chmod +x $root/run/bin/tc
ln -s /usr/lib/*/libvirt/connection-driver/libvirt_driver_network.so $root/run/drivers/
exec chroot ${root:-/} env LIBVIRT_DRIVER_DIR=/run/drivers PATH=/run/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	libvirtd -f /etc/libvirt/libvirtd.conf -p /run/libvirtd.pid
'''


class Libvirtd(lib.Namespace):
    def __init__(self, case, chroot=''):
        super().__init__(case, 'libvirtd')
        folder = os.path.join(case.folder, 'libvirtd')
        os.mkdir(folder)
        self.socket = os.path.join(folder, 'libvirt-sock')
        self.daemon = self.spawn('sh', '-ec', SCRIPT, 'sh', chroot.rstrip('/'), folder)
        lib.wait_for('libvirtd', lambda: self.virsh('uri', check=False).rc == 0, 20, 0.2)

    def virsh(self, *words, **options):
        return lib.sh('virsh', '-c', f'network:///system?mode=direct&socket={self.socket}', *words, **options)

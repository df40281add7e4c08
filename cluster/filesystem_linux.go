package cluster

import "golang.org/x/sys/unix"

// inMemory reports whether a directory is on a file system in this host's memory.
func inMemory(dir string) bool {
	var stat unix.Statfs_t
	return unix.Statfs(dir, &stat) == nil && (stat.Type == unix.TMPFS_MAGIC || stat.Type == unix.RAMFS_MAGIC)
}

// networked are the file systems that other hosts can mount, too, by their numbers in
// statfs(2). The numbers without a name are from the headers of file systems that are
// not part of the kernel.
var networked = map[int64]string{
	unix.NFS_SUPER_MAGIC:  "NFS",
	unix.CEPH_SUPER_MAGIC: "Ceph",
	unix.SMB2_SUPER_MAGIC: "SMB",
	unix.CIFS_SUPER_MAGIC: "SMB",
	unix.AFS_SUPER_MAGIC:  "AFS",
	0x0bd00bd0:            "Lustre",
	0x47504653:            "GPFS",
	0x19830326:            "BeeGFS",
}

// onNetwork reports whether a directory is on a file system that other hosts can mount,
// too.
func onNetwork(dir string) bool {
	var stat unix.Statfs_t
	if unix.Statfs(dir, &stat) != nil {
		return false
	}
	_, ok := networked[stat.Type]
	return ok
}

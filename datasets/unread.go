package datasets

import (
	"fmt"
	"path"
	"strings"
)

// unreadForms are the forms of data that are not read, by the ending of their files in
// lower case, for an error about data without images.
var unreadForms = map[string]string{
	".pt": "a file of PyTorch", ".pth": "a file of PyTorch",
	".pkl": "a Python pickle", ".pickle": "a Python pickle",
	".npy": "a NumPy array",
	".h5":  "an HDF5 file", ".hdf5": "an HDF5 file",
	".mat":   "a MATLAB file",
	".arrow": "an Arrow file",
	".beton": "an FFCV file",
	".csv":   "a table of text", ".tsv": "a table of text",
	".mdb": "an LMDB database", ".lmdb": "an LMDB database",
	".tfrecord": "a TFRecord file", ".tfrecords": "a TFRecord file",
}

// isUnreadForm reports whether a name is that of a file in one of unreadForms.
func isUnreadForm(name string) bool { return unreadForms[strings.ToLower(path.Ext(name))] != "" }

// unreadClause returns what such a file is, and the way out, as a clause for an error.
func unreadClause(name string) string {
	return fmt.Sprintf(": %s is %s; export its images as PNG files in class folders", shown(name), unreadForms[strings.ToLower(path.Ext(name))])
}

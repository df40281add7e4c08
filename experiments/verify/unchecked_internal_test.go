package verify

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/inference"
	"backfire/launcher"
)

// What lies with this host is no fault of a stored result, and what is missing or damaged
// in the store is.
func TestJudged(t *testing.T) {
	at := func(cause error) error {
		return fmt.Errorf("read: %w", &fs.PathError{Op: "open", Path: "x", Err: cause})
	}
	for _, err := range []error{
		at(syscall.EACCES), at(syscall.EPERM), at(syscall.EIO), at(syscall.EMFILE), at(syscall.ENOMEM), at(syscall.ENOSPC), at(syscall.ESTALE), at(syscall.EDQUOT),
		os.NewSyscallError("read", syscall.EIO), unchecked("data"), unable(errors.New("no engine")),
		asked(launcher.ErrEngine), asked(errors.New("it died")),
		&inference.FailedRequest{Reason: "DefaultCPUAllocator: can't allocate memory"}, &inference.FailedRequest{Reason: "write", Full: true},
	} {
		judged := judged(err)
		require.ErrorIs(t, judged, ErrUnchecked)
		require.ErrorIs(t, judged, err)
		require.Equal(t, err.Error(), judged.Error(), "in its own words")
	}
	for _, err := range []error{
		at(syscall.ENOENT), at(syscall.EISDIR), at(syscall.ENOTDIR), at(syscall.ELOOP), errors.New("7 instead of 8"),
		asked(&inference.FailedRequest{Reason: "model.safetensors: not a tensor file"}),
	} {
		require.NotErrorIs(t, judged(err), ErrUnchecked)
	}
	require.NoError(t, judged(nil))
}

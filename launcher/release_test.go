package launcher

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// An installed PyTorch of another release is named before the engine is started; one that only the engine
// notices is named then.
func TestAnotherRelease(t *testing.T) {
	dir := libtorchDir(t)
	_, l := standIn(t, answer, ownProtocol, LibtorchVariable+"="+dir)
	write := func(version string) {
		text := "from typing import Optional\n\n__version__ = '" + version + "'\ndebug = False\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, "version.py"), []byte(text), 0o600))
	}
	for _, own := range []string{Libtorch, Libtorch + ".0", Libtorch + ".1+cu130"} {
		write(own)
		_, err := l.Describe(context.Background())
		require.NoError(t, err, own)
	}
	for _, other := range []string{"2.1", "2.110.0", "3.11.0+cpu"} {
		write(other)
		_, err := l.Describe(context.Background())
		require.ErrorIs(t, err, ErrEngine)
		require.ErrorContains(t, err, "the PyTorch in "+dir+" is of version "+other+", and this engine needs "+Libtorch)
	}
	_, l = standIn(t, `echo "{\"protocol\": $PROTOCOL, \"libtorch\": {\"version\": \"2.12.0\", \"directory\": \"/opt/torch\"}}"`, ownProtocol)
	_, err := l.Describe(context.Background())
	require.ErrorContains(t, err, "the PyTorch in /opt/torch is of version 2.12.0")
}

// Of two engines beside the program, that for CUDA is started where libtorch has CUDA.
func TestEngineForCUDA(t *testing.T) {
	dir := libtorchDir(t)
	path, l := standIn(t, answer, ownProtocol, LibtorchVariable+"="+dir)
	engine := func() string {
		found, err := l.find()
		require.NoError(t, err)
		return found
	}
	require.Equal(t, path, engine())
	require.NoError(t, os.WriteFile(path+cudaSuffix, nil, 0o700))
	require.Equal(t, path, engine(), "this libtorch is for CPUs")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lib", "libtorch_cuda.so"), nil, 0o600))
	require.Equal(t, path+cudaSuffix, engine())
	require.NoError(t, os.Remove(path+cudaSuffix))
	require.Equal(t, path, engine())
}

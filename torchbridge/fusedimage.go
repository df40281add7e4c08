package torchbridge

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"backfire/internal/cachedir"
	"backfire/internal/disk"
)

// The text of the kernels, which NVRTC compiles in this order.
var (
	//go:embed fused_args.h
	fusedArguments string
	//go:embed fused_walk.h
	fusedWalk string
	//go:embed fused_norm_body.h
	fusedNorm string
	//go:embed fused_update_body.h
	fusedUpdate string
)

// fusedSource returns the text of the kernels.
func fusedSource() string { return fusedArguments + fusedWalk + fusedNorm + fusedUpdate }

// fusedOptions returns NVRTC's options for a kind of GPU. Products are not fused with sums
// where the text does not ask for it, so that every kind of GPU gives the same bits.
func fusedOptions(architecture string) []string {
	return []string{"--gpu-architecture=" + architecture, "--std=c++17", "--fmad=false", "--ptxas-options=-v"}
}

// architectureOf returns NVRTC's name of a GPU with a compute capability, 90 for 9.0.
func architectureOf(compute int) string {
	if compute == 90 {
		return "sm_90a"
	}
	return fmt.Sprintf("sm_%d", compute)
}

// kernelImage returns the image of the kernels for a CUDA device, from the cache if that
// has it.
func kernelImage(device cDevice) ([]byte, error) {
	env, err := Environment()
	if err != nil {
		return nil, err
	}
	if int(device) >= len(env.GPUs) || env.GPUs[device].Compute == 0 {
		return nil, fmt.Errorf("torchbridge: fused kernels: CUDA device %d is of an unknown kind", int(device))
	}
	n, err := openNVRTC(nvrtcFiles(env.Directory))
	if err != nil {
		return nil, err
	}
	defer n.close()
	options := fusedOptions(architectureOf(env.GPUs[device].Compute))
	cache := imageCache{imageDir(os.Getenv)}
	return cache.image(fusedSource(), options, n.version, func() ([]byte, error) {
		image, _, err := n.compile(fusedSource(), options)
		return image, err
	})
}

// imageCache keeps images in files of a directory; empty: it keeps nothing.
type imageCache struct{ dir string }

// imageDir returns the directory of the images in the program's cache; empty if there is none.
func imageDir(getenv func(string) string) string {
	dir, err := cachedir.Dir(getenv)
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "gpu-kernels")
}

// image returns the image that the options and the compiler's version make of a source: that
// of the cache, or else what compile makes, which is kept. A file that is damaged, or not of
// this cache, is replaced. Whatever is wrong with the cache only costs time.
func (c imageCache) image(source string, options []string, version string, compile func() ([]byte, error)) ([]byte, error) {
	key := sha256.Sum256([]byte(strings.Join(append([]string{version, source}, options...), "\x00")))
	name := hex.EncodeToString(key[:]) + ".cubin"
	if image, ok := c.read(name, key); ok {
		return image, nil
	}
	image, err := compile()
	if err != nil {
		return nil, err
	}
	if len(image) == 0 {
		return nil, fmt.Errorf("torchbridge: fused kernels: NVRTC %s made an empty image", version)
	}
	if c.dir != "" {
		_ = c.write(name, imageFile(image, key)) // without a file the next process compiles, too
	}
	return image, nil
}

// imageFile returns the content of the file of an image: the key, the SHA-256 of what
// follows, and the image.
func imageFile(image []byte, key [sha256.Size]byte) []byte {
	sum := sha256.Sum256(image)
	return bytes.Join([][]byte{key[:], sum[:], image}, nil)
}

// imageIn returns the image in the content of a file; false if that is not one of the key,
// whole and unchanged.
func imageIn(content []byte, key [sha256.Size]byte) ([]byte, bool) {
	const head = 2 * sha256.Size
	if len(content) <= head || !bytes.HasPrefix(content, key[:]) {
		return nil, false
	}
	sum := sha256.Sum256(content[head:])
	return content[head:], bytes.Equal(content[sha256.Size:head], sum[:])
}

// mostImage is the largest size of the file of an image, in bytes; they have about 300 kB.
const mostImage = 64 << 20

// read returns the image in a file of the cache; false if there is none of the key.
func (c imageCache) read(name string, key [sha256.Size]byte) ([]byte, bool) {
	if c.dir == "" {
		return nil, false
	}
	content, err := disk.In(c.dir).ReadFile(name, mostImage)
	if err != nil {
		return nil, false
	}
	return imageIn(content, key)
}

// write puts a file in its place whole, whatever other processes write at the same time.
func (c imageCache) write(name string, content []byte) error {
	dir, draft := disk.In(c.dir), fmt.Sprintf(".%s.%d.part", name, os.Getpid())
	if err := dir.MkdirAll("."); err != nil {
		return err
	}
	if err := dir.WriteFile(draft, content); err != nil {
		return errors.Join(err, dir.Remove(draft))
	}
	return dir.Rename(draft, name)
}

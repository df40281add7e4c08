package download

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// Check returns nil if the file at path is the published one, and its fault otherwise.
// It ends early, with ctx.Err(), when ctx does.
type Check func(ctx context.Context, path string) error

// SHA256 returns the check that compares the SHA-256 of a file with a published sum
// in lower-case hexadecimal digits. A mismatch wraps [ErrWrongContent].
func SHA256(sum string) Check {
	return func(ctx context.Context, path string) error {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		hash := sha256.New()
		if _, err := io.Copy(hash, &contextReader{ctx: ctx, r: file}); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if got := hex.EncodeToString(hash.Sum(nil)); got != sum {
			return fmt.Errorf("%w: checksum mismatch: SHA-256 %s, published %s", ErrWrongContent, got, sum)
		}
		return nil
	}
}

// contextReader ends reading when its context does.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

// Read reads from r while the context lasts.
func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

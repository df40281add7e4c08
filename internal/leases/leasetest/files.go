// Package leasetest provides a file system in memory for tests of leases. It counts
// operations, and can be slow and fail like a network. Its clock is that of the
// testing/synctest bubble in which it is used.
package leasetest

import (
	"io/fs"
	"path/filepath"
	"sync"
	"time"
)

// Server is a file system in memory that several clients share. Its operations
// are atomic.
type Server struct {
	mu    sync.Mutex
	nodes map[string]*node
}

// node is a file or, if it has names, a directory.
type node struct {
	names    map[string]bool
	modified time.Time
}

// NewServer returns a server with one empty directory.
func NewServer(dir string) *Server {
	return &Server{nodes: map[string]*node{dir: {names: map[string]bool{}, modified: time.Now()}}}
}

// Has reports whether a file or directory exists.
func (s *Server) Has(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nodes[path] != nil
}

// Client is one process's access to a server. It implements leases.Files.
type Client struct {
	Server *Server
	// Before and After, if not nil, are called before and after each operation. They
	// may wait. If Before returns an error, the operation fails with it without taking
	// place; if After does, the operation fails with it after it took place.
	Before, After func(op string) error

	mu  sync.Mutex
	ops int
}

// Ops returns the number of operations so far.
func (c *Client) Ops() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ops
}

// do carries out one operation.
func (c *Client) do(op, path string, f func(*Server) error) error {
	c.mu.Lock()
	c.ops++
	c.mu.Unlock()
	if c.Before != nil {
		if err := c.Before(op); err != nil {
			return &fs.PathError{Op: op, Path: path, Err: err}
		}
	}
	c.Server.mu.Lock()
	err := f(c.Server)
	c.Server.mu.Unlock()
	if c.After != nil {
		if late := c.After(op); err == nil {
			err = late
		}
	}
	if err != nil {
		return &fs.PathError{Op: op, Path: path, Err: err}
	}
	return nil
}

// link adds a node at a path.
func (s *Server) link(path string, n *node) error {
	parent := s.nodes[filepath.Dir(path)]
	if parent == nil || parent.names == nil {
		return fs.ErrNotExist
	}
	parent.names[filepath.Base(path)] = true
	parent.modified = time.Now()
	s.nodes[path] = n
	return nil
}

// unlink removes the node at a path.
func (s *Server) unlink(path string) {
	delete(s.nodes, path)
	if parent := s.nodes[filepath.Dir(path)]; parent != nil {
		delete(parent.names, filepath.Base(path))
		parent.modified = time.Now()
	}
}

// Mkdir makes a directory.
func (c *Client) Mkdir(path string) error {
	return c.do("mkdir", path, func(s *Server) error { return s.create(path, &node{names: map[string]bool{}}) })
}

// Create makes an empty file.
func (c *Client) Create(path string) error {
	return c.do("create", path, func(s *Server) error { return s.create(path, &node{}) })
}

// create adds a new node at a path that must not exist.
func (s *Server) create(path string, n *node) error {
	if s.nodes[path] != nil {
		return fs.ErrExist
	}
	n.modified = time.Now()
	return s.link(path, n)
}

// Touch stamps a file with the bubble's time.
func (c *Client) Touch(path string) error {
	return c.do("touch", path, func(s *Server) error {
		n := s.nodes[path]
		if n == nil {
			return fs.ErrNotExist
		}
		n.modified = time.Now()
		return nil
	})
}

// Rename moves a file or directory.
func (c *Client) Rename(from, to string) error {
	return c.do("rename", from, func(s *Server) error {
		n, there := s.nodes[from], s.nodes[to]
		if n == nil {
			return fs.ErrNotExist
		}
		if there != nil && (len(there.names) > 0 || n.names != nil && there.names == nil) {
			return fs.ErrExist
		}
		if err := s.link(to, n); err != nil {
			return err
		}
		s.unlink(from)
		for name := range n.names {
			s.nodes[filepath.Join(to, name)] = s.nodes[filepath.Join(from, name)]
			delete(s.nodes, filepath.Join(from, name))
		}
		return nil
	})
}

// Remove removes a file or an empty directory.
func (c *Client) Remove(path string) error {
	return c.do("remove", path, func(s *Server) error {
		n := s.nodes[path]
		if n == nil {
			return fs.ErrNotExist
		}
		if len(n.names) > 0 {
			return fs.ErrExist
		}
		s.unlink(path)
		return nil
	})
}

// ReadDir returns the names in a directory.
func (c *Client) ReadDir(path string) ([]string, error) {
	var names []string
	err := c.do("readdir", path, func(s *Server) error {
		n := s.nodes[path]
		if n == nil {
			return fs.ErrNotExist
		}
		for name := range n.names {
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// ModTime returns the modification time of a file or directory.
func (c *Client) ModTime(path string) (time.Time, error) {
	var modified time.Time
	err := c.do("stat", path, func(s *Server) error {
		n := s.nodes[path]
		if n == nil {
			return fs.ErrNotExist
		}
		modified = n.modified
		return nil
	})
	return modified, err
}

// Package leasetest has a file system in memory for tests of leases: it counts
// operations, takes its time and fails as a network does, and its clock is that
// of the testing/synctest bubble that it is used in.
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

// NewServer has one empty directory.
func NewServer(dir string) *Server {
	return &Server{nodes: map[string]*node{dir: {names: map[string]bool{}, modified: time.Now()}}}
}

// Has says whether there is a file or directory.
func (s *Server) Has(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nodes[path] != nil
}

// Client is the server as one process sees it. It implements leases.Files.
type Client struct {
	Server *Server
	// Before and After are called around each operation: they may wait, and
	// their error is the operation's, which has not or has taken place then.
	Before, After func(op string) error

	mu  sync.Mutex
	ops int
}

// Ops counts the operations so far.
func (c *Client) Ops() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ops
}

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

// link enters a node at a path where nothing is.
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

// ReadDir lists the names in a directory.
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

// ModTime is when a file or directory was last modified.
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

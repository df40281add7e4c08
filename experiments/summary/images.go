package summary

// AttackersImages returns the number of held-out images behind the means over the attackers
// of one of the point's games, each image counted once.
func (p *PointSummary) AttackersImages(g *GameSummary) int {
	each := make([]int, len(g.Attackers))
	for i, a := range g.Attackers {
		each[i] = a.ASR.Of
	}
	return p.Readings.DistinctImages(each)
}

// CleanImages returns the number of the defender's held-out images behind CleanAccuracy,
// each counted once: the models that answer are all measured on the same images.
func (r *GameResult) CleanImages() int {
	if r.Vote != nil { // each image has one answer
		return r.CleanAccuracy.Of
	}
	answering := map[string]bool{}
	for _, a := range r.Attackers {
		answering[a.Model] = true
	}
	return r.CleanAccuracy.Of / max(1, len(answering))
}

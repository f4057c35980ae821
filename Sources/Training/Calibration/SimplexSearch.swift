/// The method of Nelder and Mead: a minimum of a function of few variables, without its derivatives and without chance.
///
/// Source: J. A. Nelder and R. Mead, Comput. J. 7, 308 (1965), with their coefficients 1, 2, ½ and ½.
struct SimplexSearch {
  /// Length of the edges of the first simplex.
  var step = 0.5
  /// The search ends when the vertices agree within this in every coordinate.
  var tolerance = 1e-8
  /// The search ends after so many steps at the latest.
  var maximumSteps = 2000

  /// The lowest point found from `start`, with its value.
  func minimum(
    from start: [Double], of function: ([Double]) -> Double
  ) -> (point: [Double], value: Double) {
    func vertex(_ point: [Double]) -> (point: [Double], value: Double) { (point, function(point)) }
    var vertices = [vertex(start)]
    for coordinate in start.indices {
      var point = start
      point[coordinate] += step
      vertices.append(vertex(point))
    }
    let worst = start.count
    for _ in 0..<maximumSteps {
      vertices.sort { $0.value < $1.value }
      if size(of: vertices) < tolerance { break }
      let center = start.indices.map { coordinate in
        vertices[..<worst].reduce(0) { $0 + $1.point[coordinate] } / Double(worst)
      }
      /// The point on the line from the worst vertex through the center: the center at 0, the mirror image at 1.
      func along(_ factor: Double) -> (point: [Double], value: Double) {
        vertex(zip(center, vertices[worst].point).map { $0 + factor * ($0 - $1) })
      }
      let mirrored = along(1)
      if mirrored.value < vertices[0].value {
        let farther = along(2)
        vertices[worst] = farther.value < mirrored.value ? farther : mirrored
      } else if mirrored.value < vertices[worst - 1].value {
        vertices[worst] = mirrored
      } else {
        let nearer = along(mirrored.value < vertices[worst].value ? 0.5 : -0.5)
        if nearer.value < min(mirrored.value, vertices[worst].value) {
          vertices[worst] = nearer
        } else {
          let best = vertices[0].point
          for index in 1...worst {
            vertices[index] = vertex(zip(best, vertices[index].point).map { ($0 + $1) / 2 })
          }
        }
      }
    }
    return vertices.min { $0.value < $1.value } ?? vertices[0]
  }

  /// The largest distance of a vertex from the first in any coordinate.
  private func size(of vertices: [(point: [Double], value: Double)]) -> Double {
    vertices.reduce(0) { largest, vertex in
      zip(vertex.point, vertices[0].point).reduce(largest) { max($0, abs($1.0 - $1.1)) }
    }
  }
}

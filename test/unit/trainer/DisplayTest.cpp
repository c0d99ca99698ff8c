//===- DisplayTest.cpp - What people see: bar, durations, loss curve ------===//
#include "trainer/Info.h"
#include "trainer/LossCurve.h"
#include "trainer/Progress.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace dsc;

namespace {

TEST(Progress, TheBarFitsEveryWidth) {
  std::vector<std::string> parts = {"loss 0.3112", "1:02 left", "12345 samples/s"};
  for (int width = 0; width < 200; ++width)
    EXPECT_LE(barText(500, 1000, parts, width).size(), size_t(width));
  std::string wide = barText(500, 1000, parts, 120);
  EXPECT_EQ(wide, "500/1000 [" + std::string(20, '=') + std::string(20, ' ') +
                      "]  loss 0.3112  1:02 left  12345 samples/s");
  EXPECT_EQ(barText(500, 1000, parts, 22), "500/1000  loss 0.3112"); // the loss goes last
  EXPECT_EQ(barText(1000, 1000, {}, 30), "1000/1000 [" + std::string(18, '=') + "]");
}

TEST(Progress, Durations) {
  EXPECT_EQ(durationText(0.4), "0:00");
  EXPECT_EQ(durationText(59.6), "1:00");
  EXPECT_EQ(durationText(3723), "1:02:03");
  EXPECT_EQ(durationText(-1), "0:00");
  EXPECT_EQ(durationText(NAN), "0:00");
}

TEST(Info, Bytes) {
  EXPECT_EQ(byteText(0), "0 B");
  EXPECT_EQ(byteText(1023), "1023 B");
  EXPECT_EQ(byteText(1536), "1.5 KiB");
  EXPECT_EQ(byteText(int64_t(3) << 40), "3.0 TiB");
}

TEST(LossCurve, Ticks) {
  EXPECT_EQ(niceTicks(0, 1, 5), (std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1}));
  EXPECT_EQ(niceTicks(1, 3000, 6), (std::vector<double>{500, 1000, 1500, 2000, 2500, 3000}));
  EXPECT_EQ(niceTicks(-5, 5, 4), (std::vector<double>{-5, 0, 5}));
}

TEST(LossCurve, ThinningKeepsTheMean) {
  std::vector<CurvePoint> points;
  double sum = 0;
  for (int i = 0; i < 1200; ++i) {
    points.push_back({double(i), std::sin(i)});
    sum += std::sin(i);
  }
  std::vector<CurvePoint> thin = thinned(points, 100);
  ASSERT_EQ(thin.size(), 100u);
  double thinSum = 0;
  for (const CurvePoint &point : thin)
    thinSum += point.loss * 12;
  EXPECT_NEAR(thinSum, sum, 1e-9);
  EXPECT_EQ(thinned(points, 5000).size(), points.size());
  EXPECT_TRUE(thinned({}, 10).empty());
}

} // namespace
